// The names of nearly all headers.
const COMMON = [
  'arc-authentication-results',
  'arc-message-signature',
  'arc-seal',
  'authentication-results',
  'auto-submitted',
  'bcc',
  'cc',
  'content-description',
  'content-disposition',
  'content-id',
  'content-language',
  'content-transfer-encoding',
  'content-type',
  'date',
  'delivered-to',
  'dkim-signature',
  'errors-to',
  'feedback-id',
  'from',
  'in-reply-to',
  'list-archive',
  'list-help',
  'list-id',
  'list-owner',
  'list-post',
  'list-subscribe',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'message-id',
  'mime-version',
  'organization',
  'precedence',
  'received',
  'received-spf',
  'references',
  'reply-to',
  'return-path',
  'sender',
  'subject',
  'thread-index',
  'thread-topic',
  'to',
  'user-agent',
  'x-mailer',
  'x-originating-ip',
  'x-priority',
  'x-received',
  'x-spam-status',
]
const LOWER_CASE = 0x20
const LONGEST = 32

// Found by length and first letter, so that a header's name is compared with few.
const BY_SHAPE: readonly (readonly string[])[] = Array.from(
  { length: LONGEST * LONGEST },
  (_, at) => COMMON.filter((name) => shapeOf(name.length, name.charCodeAt(0)) === at),
)

/**
 * The name of a header in lower case; of the common ones always the same string, which costs less
 * to make and to look up.
 *
 * @param header Begins with the name: printable ASCII without blanks.
 */
export function headerName(header: Buffer, length: number): string {
  for (const name of length < LONGEST ? BY_SHAPE[shapeOf(length, header[0]!)]! : []) {
    if (isName(name, header)) return name
  }
  return header.toString('latin1', 0, length).toLowerCase()
}

function shapeOf(length: number, first: number): number {
  return length * LONGEST + (first & (LONGEST - 1))
}

function isName(name: string, header: Buffer): boolean {
  for (let at = 0; at < name.length; at++) {
    // Of a letter it makes a small one; of what is printable nothing but a hyphen becomes one.
    if ((header[at]! | LOWER_CASE) !== name.charCodeAt(at)) return false
  }
  return true
}
