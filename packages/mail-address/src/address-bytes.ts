import { Buffer, isAscii as isAsciiBytes, isUtf8 } from 'node:buffer'

const ESCAPE_BASE = 0xdc00 // Byte 0x80 is U+DC80, byte 0xFF is U+DCFF.
const ESCAPED_BYTES = /([\udc80-\udcff]+)/u

/**
 * Turns the bytes of an address into a string. Valid UTF-8 becomes what it says. Any other byte
 * 0x80..0xFF becomes the lone surrogate U+DC80..U+DCFF, so that `encodeAddress` gives back exactly
 * the bytes that came in. The result does not alias `bytes`.
 */
export function decodeAddress(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isAsciiBytes(buffer)) return buffer.toString('latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : decodeDamaged(buffer)
}

/**
 * The bytes of an address: the inverse of `decodeAddress`. A lone surrogate that `decodeAddress`
 * never makes (a string cut inside a character) becomes the UTF-8 form of U+FFFD.
 */
export function encodeAddress(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  // With the u flag a surrogate that is half of a pair does not match.
  const pieces = text.split(ESCAPED_BYTES)
  return Buffer.concat(
    pieces.map((piece, index) =>
      // Odd pieces are what the group matched. latin1 keeps the low byte of U+DCxx: the byte.
      Buffer.from(piece, index % 2 === 1 ? 'latin1' : 'utf8'),
    ),
  )
}

/** True when every character is in U+0000..U+007F: no SMTPUTF8 is needed (RFC 6531). */
export function isAscii(text: string): boolean {
  // Of a text as short as an address, less work than a regular expression.
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** True when the bytes were valid UTF-8: `text` holds no lone surrogate. */
export function isValidUtf8Text(text: string): boolean {
  return text.isWellFormed()
}

function decodeDamaged(bytes: Buffer): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    if (length > 0) text += bytes.toString('utf8', at, at + length)
    else text += String.fromCharCode(ESCAPE_BASE + bytes[at]!)
    at += Math.max(length, 1)
  }
  return text
}

/** Bytes of the valid UTF-8 character at `at`, or 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
