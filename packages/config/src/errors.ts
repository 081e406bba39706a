const MAX_VALUE = 100 // Characters that help to find a value again.

/**
 * What is wrong. `missing-file`: it cannot be read. `syntax`: a line of main.cf or master.cf.
 * `macro`: a `$name` expression. `value`: a value that its parameter does not take. `unsupported`:
 * a value that Postfix takes, for something that Posthouse does not have.
 */
export type ConfigErrorCode = 'missing-file' | 'syntax' | 'macro' | 'value' | 'unsupported'

/** Where a {@link ConfigError} was found. */
export interface ConfigErrorDetails {
  readonly file?: string | undefined
  /** First physical line of the logical line, from 1. */
  readonly line?: number | undefined
  readonly parameter?: string | undefined
  /** The value as written, or as expanded when its content is what is wrong. */
  readonly value?: string | undefined
  /** What would be right, such as `yes or no`. */
  readonly expected?: string | undefined
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
  readonly expected: string | undefined
  readonly warnings: readonly string[]

  constructor(code: ConfigErrorCode, message: string, details: ConfigErrorDetails = {}) {
    super(message)
    this.code = code
    this.file = details.file
    this.line = details.line
    this.parameter = details.parameter
    this.value = details.value
    this.expected = details.expected
    this.warnings = details.warnings ?? []
  }
}

/**
 * Where a mistake is and what would be right, for a second line below the message, such as
 * `see /etc/postfix/main.cf, line 7: max_use = many: expected a whole number, at least 1`.
 * Undefined when the message says all that is known.
 */
export function explainError(error: ConfigError): string | undefined {
  const { file, line, parameter, value, expected } = error
  const place = line === undefined ? file : `${file}, line ${line}`
  const setting = value === undefined ? parameter : parameter && `${parameter} = ${cut(value)}`
  const parts = [place, setting, expected === undefined ? undefined : `expected ${expected}`]
  const known = parts.filter((part) => part !== undefined)
  return known.length === 0 ? undefined : `see ${known.join(': ')}`
}

function cut(value: string): string {
  return value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}...` : value
}
