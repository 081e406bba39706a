/**
 * What is wrong. `missing-file`: it cannot be read. `syntax`: a line of main.cf or master.cf.
 * `macro`: a `$name` expression. `value`: a value that its parameter does not take.
 */
export type ConfigErrorCode = 'missing-file' | 'syntax' | 'macro' | 'value'

/** Where a {@link ConfigError} was found. */
export interface ConfigErrorDetails {
  readonly file?: string | undefined
  /** First physical line of the logical line, from 1. */
  readonly line?: number | undefined
  readonly parameter?: string | undefined
  /** The value as written, or as expanded when its content is what is wrong. */
  readonly value?: string | undefined
  /** Warnings to log before the message, as Postfix does: they say what the message does not. */
  readonly warnings?: readonly string[]
}

/**
 * The configuration cannot be used. The message is the text that Postfix prints after `fatal: `
 * (rules G-3, G-8, G-14 to G-24 and G-43), so it may quote the file; show `warnings` before it.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly file: string | undefined
  readonly line: number | undefined
  readonly parameter: string | undefined
  readonly value: string | undefined
  readonly warnings: readonly string[]

  constructor(code: ConfigErrorCode, message: string, details: ConfigErrorDetails = {}) {
    super(message)
    this.code = code
    this.file = details.file
    this.line = details.line
    this.parameter = details.parameter
    this.value = details.value
    this.warnings = details.warnings ?? []
  }
}
