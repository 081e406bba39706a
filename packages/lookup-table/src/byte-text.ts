import { Buffer } from 'node:buffer'

import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

const NON_ASCII = /[^\x00-\x7f]/
const HIGH_BYTES = /[\x80-\xff]/g
const ESCAPED_BYTES = /[\udc80-\udcff]/g
const ESCAPE_BASE = 0xdc00

/**
 * Text with one character per byte: the bytes 0x80..0xFF of its UTF-8 form are U+DC80..U+DCFF.
 * Patterns look at it, because Postfix's tables of patterns know bytes and no characters. None of
 * these characters has a letter case, so only ASCII letters can match without regard to it.
 */
export function toByteText(text: string): string {
  if (!NON_ASCII.test(text)) return text
  const latin1 = encodeAddress(text).toString('latin1')
  return latin1.replace(HIGH_BYTES, (byte) => String.fromCharCode(ESCAPE_BASE + byte.charCodeAt(0)))
}

/** The inverse: bytes that are no UTF-8, such as half of a character, stay as they are. */
export function fromByteText(text: string): string {
  if (!NON_ASCII.test(text)) return text
  return decodeAddress(byteTextBytes(text))
}

/** The bytes of such a text. */
export function byteTextBytes(text: string): Buffer {
  const latin1 = text.replace(ESCAPED_BYTES, (unit) =>
    String.fromCharCode(unit.charCodeAt(0) - ESCAPE_BASE),
  )
  return Buffer.from(latin1, 'latin1')
}

/** The character that stands for a byte. */
export function byteCharCode(byte: number): number {
  return byte < 0x80 ? byte : ESCAPE_BASE + byte
}

/** The byte of a character of such a text, from its char code. */
export function byteOf(charCode: number): number {
  return charCode & 0xff
}
