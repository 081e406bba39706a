/** What can be wrong with the structure of a message. */
export type MimeErrorCode =
  | 'nesting'
  | 'truncated-header'
  | '8bit-in-header'
  | '8bit-in-7bit-body'
  | 'invalid-encoding'

/** An error as it is reported: `<status> <text>`, and what makes it a reason to refuse. */
export interface MimeError {
  readonly code: MimeErrorCode
  readonly status: '5.6.0'
  readonly text: string
  /** Its `yes` refuses such a message. `strict_8bitmime` is both 8-bit ones. */
  readonly parameter?:
    | 'strict_7bit_headers'
    | 'strict_8bitmime_body'
    | 'strict_mime_encoding_domain'
}

const status = '5.6.0'

/**
 * All errors, the first that applies to be reported first. Nesting has no parameter: it
 * refuses whenever MIME structure matters. A truncated header is no reason to refuse.
 */
export const MIME_ERRORS: readonly MimeError[] = [
  { code: 'nesting', status, text: 'MIME nesting exceeds safety limit' },
  { code: 'truncated-header', status, text: 'message header is longer than header_size_limit' },
  {
    code: '8bit-in-header',
    status,
    text: 'improper use of 8-bit data in message header',
    parameter: 'strict_7bit_headers',
  },
  {
    code: '8bit-in-7bit-body',
    status,
    text: 'improper use of 8-bit data in message body',
    parameter: 'strict_8bitmime_body',
  },
  {
    code: 'invalid-encoding',
    status,
    text: 'invalid message/* or multipart/* encoding domain',
    parameter: 'strict_mime_encoding_domain',
  },
]
