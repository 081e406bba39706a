import type { CleanupOptions } from './cleanup-options.ts'
import { disarmStart } from './mailbox-lines.ts'

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const NEWLINE = Buffer.from('\n')

/** Text as it is read: with the characters that it may have. */
export interface MessageText {
  readonly text: Buffer
  /** The first record with one of `message_reject_characters`; `text` ends before it. */
  readonly disallowed: Buffer | undefined
}

/**
 * The text of a message without stray CR, its start disarmed, and without
 * `message_strip_characters`. A copy where something has to change.
 *
 * @param options Lists of characters may be empty.
 */
export function messageText(content: Uint8Array, options: CleanupOptions): MessageText {
  const { replaceStrayCr, lineLengthLimit } = options
  const received = replaceStrayCr ? withoutStrayCr(asBuffer(content)) : asBuffer(content)
  const found = allowedText(disarmStart(received, lineLengthLimit), options)
  // What hides behind stripped characters must not continue our own header.
  if (!startsBlank(found.text) || startsBlank(received)) return found
  return { ...found, text: Buffer.concat([NEWLINE, found.text]) }
}

/** The same for text of our own. */
export function allowedText(received: Buffer, options: CleanupOptions): MessageText {
  const { messageRejectCharacters, messageStripCharacters, lineLengthLimit } = options
  const at = firstOf(messageRejectCharacters, received)
  if (at < 0) return { text: without(messageStripCharacters, received), disallowed: undefined }
  const start = recordStart(received, at, lineLengthLimit)
  const lf = received.indexOf(LF, at)
  const end = Math.min(lf < 0 ? received.length : lf, start + lineLengthLimit)
  const text = without(messageStripCharacters, received.subarray(0, start))
  return { text, disallowed: received.subarray(start, end) }
}

function startsBlank(text: Buffer): boolean {
  return text[0] === SPACE || text[0] === TAB
}

function firstOf(characters: Uint8Array, text: Buffer): number {
  let first = -1
  for (const character of characters) {
    // An LF is the end of a line, and no character of it.
    const at = character === LF ? -1 : text.indexOf(character)
    if (at >= 0 && (first < 0 || at < first)) first = at
  }
  return first
}

/** Where the record begins that has the byte at `at`. */
function recordStart(text: Buffer, at: number, limit: number): number {
  const lineStart = text.subarray(0, at).lastIndexOf(LF) + 1
  return at - ((at - lineStart) % limit)
}

function without(characters: Uint8Array, text: Buffer): Buffer {
  if (firstOf(characters, text) < 0) return text
  const stripped = Buffer.from(text)
  let length = 0
  for (const byte of text) {
    if (byte === LF || !characters.includes(byte)) stripped[length++] = byte
  }
  return stripped.subarray(0, length)
}

function withoutStrayCr(content: Buffer): Buffer {
  if (!content.includes(CR)) return content
  const copy = Buffer.from(content)
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = SPACE
  return copy
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
