/** Why a list could not be used. Part of the API: callers may switch on it. */
export type LookupTableErrorCode =
  /** `!` with nothing behind it. The only one that the constructors throw. */
  | 'no-pattern'
  /** An address or network pattern that is wrong, such as `127.0.0.1/8`. */
  | 'bad-pattern'
  /** A regular expression that is right, but beyond us. Never leaves the package. */
  | 'unsupported-pattern'
  /** An item with a colon but not `type:name`, such as an IPv6 address without `[]`. */
  | 'bad-table-name'
  /** A `type:name` whose type nobody offers. */
  | 'unsupported-table'
  /** A file or table that could not be opened. */
  | 'unavailable'
  /** A table that was opened but could not answer. */
  | 'lookup-failed'

/** What a `LookupTableError` is made of. */
export interface LookupTableErrorDetails {
  /** The list's name: the main.cf parameter that holds it. Absent for a table on its own. */
  readonly list?: string
  /** The offending item without its `!`; as written, but a literal in lower case. */
  readonly item: string
  /** What is wrong, in Postfix's words. */
  readonly reason: string
  /** What Postfix logs about it; by default one line, `LIST: REASON`. */
  readonly warnings?: readonly string[]
  readonly cause?: unknown
}

/**
 * A table could not be opened or could not answer, or a list could not be parsed or could not
 * decide. `message` is `LIST: REASON`, or `REASON` for a table on its own, in Postfix's words
 * (G-51, G-65, G-66, Q-309). It quotes the configuration, and the key if a value for it is bad.
 */
export class LookupTableError extends Error {
  override readonly name = 'LookupTableError'
  readonly code: LookupTableErrorCode
  /** The name of the list: the main.cf parameter that holds it. Undefined for a lone table. */
  readonly list: string | undefined
  /** The offending item without its `!`; as written, but a literal in lower case. */
  readonly item: string
  /**
   * The texts that Postfix logs as warnings, in its order. What a table has to say of a lookup that
   * failed it said to the `warn` of its environment: only the error of a list is to be logged.
   */
  readonly warnings: readonly string[]

  constructor(code: LookupTableErrorCode, details: LookupTableErrorDetails) {
    const { list, item, reason, cause } = details
    const message = list === undefined ? reason : `${list}: ${reason}`
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.list = list
    this.item = item
    this.warnings = details.warnings ?? [message]
  }
}
