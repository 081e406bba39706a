/**
 * `usage`: arguments that make no sense. `refused`: the user may not, or it is not configured.
 * `unavailable`: the mail system is down or out of reach. `protocol`: its answer makes no sense.
 */
export type PostqueueErrorCode = 'usage' | 'refused' | 'unavailable' | 'protocol'

/** What ends the command. The message is the text that postqueue(1) prints after `fatal: `. */
export class PostqueueError extends Error {
  override readonly name = 'PostqueueError'
  readonly code: PostqueueErrorCode
  /** A line to print before the message. */
  readonly notice: string | undefined

  constructor(
    code: PostqueueErrorCode,
    message: string,
    options: ErrorOptions & { readonly notice?: string } = {},
  ) {
    super(message, options)
    this.code = code
    this.notice = options.notice
  }
}
