import type { CleanupOptions } from './cleanup-options.ts'
import { disarmStart, isBlank } from './mailbox-lines.ts'

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const NEWLINE = Buffer.from('\n')

/** Text that is to be read; `cleanText` is for each piece of it. */
export interface MessageText {
  /** One after the other. Views of what was received, but for a few bytes at the start. */
  readonly texts: readonly Buffer[]
  /** The first record with one of `message_reject_characters`; `texts` end before it. */
  readonly disallowed: Buffer | undefined
}

/**
 * Our own header and the text of a message with its start disarmed, up to what may not be there
 * (Q-514).
 *
 * @param own Ends in LF.
 * @param options Lists of characters may be empty.
 */
export function messageText(
  own: Buffer,
  content: Uint8Array,
  options: CleanupOptions,
): MessageText {
  const received = asBuffer(content)
  const { start, end } = disarmStart(received, options)
  if (end > 0 || start.length > 0) {
    return allowedText([own, start, received.subarray(end)], options)
  }
  return allowedText(
    hidesBlank(received, options) ? [own, NEWLINE, received] : [own, received],
    options,
  )
}

function allowedText(texts: readonly Buffer[], options: CleanupOptions): MessageText {
  const { lineLengthLimit, messageRejectCharacters } = options
  if (messageRejectCharacters.length === 0) return { texts, disallowed: undefined }
  for (const [index, text] of texts.entries()) {
    const at = firstDisallowed(text, options)
    if (at < 0) continue
    const start = recordStart(text, at, lineLengthLimit)
    const lf = text.indexOf(LF, at)
    const record = text.subarray(
      start,
      Math.min(lf < 0 ? text.length : lf, start + lineLengthLimit),
    )
    const disallowed = withoutStrayCr(record, options)
    return { texts: [...texts.slice(0, index), text.subarray(0, start)], disallowed }
  }
  return { texts, disallowed: undefined }
}

/**
 * Text without stray CR and `message_strip_characters`. A copy where something has
 * to change.
 */
export function cleanText(text: Buffer, options: CleanupOptions): Buffer {
  return without(options.messageStripCharacters, withoutStrayCr(text, options))
}

// What hides behind stripped characters must not continue our own header.
function hidesBlank(received: Buffer, options: CleanupOptions): boolean {
  const { messageStripCharacters, replaceStrayCr } = options
  if (messageStripCharacters.length === 0) return false
  let at = 0
  while (messageStripCharacters.includes(received[at]!) && received[at] !== LF) at++
  return at > 0 && isBlank(received[at], replaceStrayCr)
}

function firstDisallowed(text: Buffer, options: CleanupOptions): number {
  const { messageRejectCharacters, replaceStrayCr } = options
  let first = -1
  const look = (character: number): void => {
    const at = text.indexOf(character)
    if (at >= 0 && (first < 0 || at < first)) first = at
  }
  for (const character of messageRejectCharacters) {
    // An LF is the end of a line, and no character of it; a stray CR is a space.
    if (character === LF || (character === CR && replaceStrayCr)) continue
    look(character)
    if (character === SPACE && replaceStrayCr) look(CR)
  }
  return first
}

/** Where the record begins that has the byte at `at`. */
function recordStart(text: Buffer, at: number, limit: number): number {
  const lineStart = text.subarray(0, at).lastIndexOf(LF) + 1
  return at - ((at - lineStart) % limit)
}

function without(characters: Uint8Array, text: Buffer): Buffer {
  if (characters.length === 0) return text
  if (!characters.some((character) => character !== LF && text.includes(character))) return text
  const stripped = Buffer.from(text)
  let length = 0
  for (const byte of text) {
    if (byte === LF || !characters.includes(byte)) stripped[length++] = byte
  }
  return stripped.subarray(0, length)
}

function withoutStrayCr(text: Buffer, { replaceStrayCr }: CleanupOptions): Buffer {
  if (!replaceStrayCr || !text.includes(CR)) return text
  const copy = Buffer.from(text)
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = SPACE
  return copy
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
