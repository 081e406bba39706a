// The names of nearly all headers.
const COMMON = [
  'arc-authentication-results',
  'arc-message-signature',
  'arc-seal',
  'authentication-results',
  'auto-submitted',
  'bcc',
  'cc',
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

// Found by length and two letters. No two of them share a place, so a name is compared with one.
const BY_SHAPE = new Array<string | undefined>(LONGEST * LONGEST).fill(undefined)
for (const name of COMMON) BY_SHAPE[shapeOf(Buffer.from(name), name.length)] = name

/**
 * The name of a header in lower case; of the common ones always the same string, which costs less
 * to make and to look up.
 *
 * @param header Begins with the name: printable ASCII without blanks.
 */
export function headerName(header: Buffer, length: number): string {
  const common = length < LONGEST ? BY_SHAPE[shapeOf(header, length)] : undefined
  if (common !== undefined && isName(common, header)) return common
  return header.toString('latin1', 0, length).toLowerCase()
}

// The same for capital and small letters.
function shapeOf(header: Buffer, length: number): number {
  return length * LONGEST + ((header[0]! + 3 * header[length - 1]!) & (LONGEST - 1))
}

function isName(name: string, header: Buffer): boolean {
  for (let at = 0; at < name.length; at++) {
    // Of a letter it makes a small one; of what is printable nothing but a hyphen becomes one.
    if ((header[at]! | LOWER_CASE) !== name.charCodeAt(at)) return false
  }
  return true
}
