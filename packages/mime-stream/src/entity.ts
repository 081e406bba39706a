import { contentTypeTokens, firstWord, type HeaderToken } from './header-tokens.ts'

/** Values of `Content-Transfer-Encoding:` that count. Any other leaves things as they are. */
export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'quoted-printable' | 'base64'

/** What matters of the type. Parts of all other types are `text` unless they are in a digest. */
export type MimeType = 'text' | 'message' | 'multipart'

/** What the headers of a message or of a part say about its body. */
export interface MimeEntity {
  readonly type: MimeType
  /** In lower case; empty if there is none. */
  readonly subtype: string
  readonly encoding: TransferEncoding
}

/** What a `Content-Type:` says. */
export interface ContentType {
  readonly type: MimeType
  readonly subtype: string
  /** Of a multipart; bytes as latin1. Postfix heeds each `boundary=`, if there are many. */
  readonly boundaries: readonly string[]
}

const TYPES: readonly string[] = ['text', 'message', 'multipart']
const ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary', 'quoted-printable', 'base64']
// What most say. Tokens tell the same, later.
const PLAIN_TEXT = /^ text\/(plain|html)(?:;|$)/i
// RFC 2046 5.2.2, 5.2.3: 7bit, always.
const SEVEN_BIT_MESSAGES: readonly string[] = ['partial', 'external-body']

/**
 * Reads a `Content-Type:` value, bytes as latin1, as leniently as Postfix does. Nothing before the
 * first `;` is `text`.
 *
 * @returns undefined for all other types, which leave the type of the entity as it is.
 */
export function parseContentType(value: string): ContentType | undefined {
  const plain = PLAIN_TEXT.exec(value)
  if (plain !== null) return { type: 'text', subtype: plain[1]!.toLowerCase(), boundaries: [] }
  const [first, slash, second] = contentTypeTokens(value, 3)
  if (first === undefined || isSpecial(first, ';')) {
    return { type: 'text', subtype: '', boundaries: [] }
  }
  const type = first.text.toLowerCase()
  if (first.kind !== 'word' || !isMimeType(type)) return undefined
  const hasSubtype = isSpecial(slash, '/') && second?.kind === 'word'
  const subtype = hasSubtype ? second.text.toLowerCase() : ''
  return {
    type,
    subtype,
    boundaries: type === 'multipart' ? boundariesOf(contentTypeTokens(value)) : [],
  }
}

/** Reads a `Content-Transfer-Encoding:` value: its first word, if that is an encoding. */
export function parseTransferEncoding(value: string): TransferEncoding | undefined {
  const word = firstWord(value)?.toLowerCase()
  return word !== undefined && ENCODINGS.includes(word) ? (word as TransferEncoding) : undefined
}

/** Whether the body may hold bytes above 0x7F: encoding `8bit` or `binary` (C-165). */
export function isEightBit(entity: MimeEntity): boolean {
  return entity.encoding === '8bit' || entity.encoding === 'binary'
}

/** Whether the body is a message with headers of its own that is looked into. */
export function isMessage({ type, subtype }: MimeEntity): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global')
}

/** Whether a multipart or message has an encoding that its type does not allow. */
export function hasInvalidEncoding(entity: MimeEntity): boolean {
  const { type, subtype, encoding } = entity
  if (type === 'message' && SEVEN_BIT_MESSAGES.includes(subtype)) return isEightBit(entity)
  if (type !== 'multipart' && !(type === 'message' && subtype === 'rfc822')) return false
  return encoding === 'quoted-printable' || encoding === 'base64'
}

function boundariesOf(tokens: readonly HeaderToken[]): string[] {
  const found: string[] = []
  tokens.forEach((token, at) => {
    const [name, equals, value] = tokens.slice(at + 1, at + 4)
    if (!isSpecial(token, ';') || !isSpecial(equals, '=') || name?.kind !== 'word') return
    if (name.text.toLowerCase() !== 'boundary' || value === undefined) return
    if (value.kind !== 'special' && value.text !== '') found.push(value.text)
  })
  return found
}

function isSpecial(token: HeaderToken | undefined, text: string): boolean {
  return token?.kind === 'special' && token.text === text
}

function isMimeType(text: string): text is MimeType {
  return TYPES.includes(text)
}
