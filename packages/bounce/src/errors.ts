/** `syntax`: a line of a template file. `macro`: a `$name` in the text of a template. */
export type BounceTemplateErrorCode = 'syntax' | 'macro'

/** What is known about a {@link BounceTemplateError}. */
export interface BounceTemplateErrorDetails {
  /** Path of the template file, or `[built-in]`. */
  readonly file: string
  /** Physical line, from 1; undefined where the text is wrong and not a line of the file. */
  readonly line?: number | undefined
  /** The line as written. */
  readonly text: string
  /** Warnings to log before the message. */
  readonly warnings: readonly string[]
}

/**
 * Bounce templates cannot be used. The message is the text that Postfix prints after `fatal: `
 * (F-78), so it quotes the file; show `warnings` before it.
 */
export class BounceTemplateError extends Error {
  override readonly name = 'BounceTemplateError'
  readonly code: BounceTemplateErrorCode
  readonly file: string
  readonly line: number | undefined
  readonly text: string
  readonly warnings: readonly string[]

  constructor(code: BounceTemplateErrorCode, message: string, details: BounceTemplateErrorDetails) {
    super(message)
    this.code = code
    this.file = details.file
    this.line = details.line
    this.text = details.text
    this.warnings = details.warnings
  }
}
