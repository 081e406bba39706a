import type { Later } from '@posthouse/lookup-table'

/** The tables of one parameter, such as `header_checks`. `TableList` of lookup-table is one. */
export interface CheckTable {
  /** The parameter that the tables were set with, for the log. */
  readonly name: string
  /**
   * The action for a header, its lines joined by LF, or for a piece of a line of the body: bytes as
   * `decodeAddress` of mail-address makes them a string. Never asked about the empty string.
   *
   * @throws {LookupTableError} at once or as a rejection: it cannot be told now.
   */
  lookup(key: string): Later<string | undefined>
}

/** Header and body checks; what is absent is not set. Parameters are quoted. */
export interface ContentChecks {
  /** `header_checks`: headers of the message that are not about MIME. */
  readonly headerChecks?: CheckTable
  /** `mime_header_checks`: headers about MIME, and all headers of parts. No default here. */
  readonly mimeHeaderChecks?: CheckTable
  /** `nested_header_checks`: headers of messages in the message. No default here. */
  readonly nestedHeaderChecks?: CheckTable
  /** `body_checks`. */
  readonly bodyChecks?: CheckTable
}
