/** `usage`: options or arguments that make no sense. `file`: main.cf or master.cf. */
export type PostconfErrorCode = 'usage' | 'file'

interface PostconfErrorOptions extends ErrorOptions {
  readonly notice?: string
}

/** What ends the command. The message is the text that postconf(1) prints after `fatal: `. */
export class PostconfError extends Error {
  override readonly name = 'PostconfError'
  readonly code: PostconfErrorCode
  /** A line to print before the message: which option is wrong. */
  readonly notice: string | undefined

  constructor(code: PostconfErrorCode, message: string, options?: PostconfErrorOptions) {
    super(message, options)
    this.code = code
    this.notice = options?.notice
  }
}

/** A {@link PostconfError} on what the caller asked for. */
export function usageError(message: string, notice?: string): PostconfError {
  return new PostconfError('usage', message, notice === undefined ? {} : { notice })
}
