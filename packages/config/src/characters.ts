import { encodeAddress } from '@posthouse/mail-address'

import { ConfigError } from './errors.ts'

const BACKSLASH = 0x5c
const CONTROLS: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  t: 0x09,
  n: 0x0a,
  v: 0x0b,
  f: 0x0c,
  r: 0x0d,
}
const ESCAPE = /^(?:[0-7]{1,3}|[^A-Za-z0-9])/
const DIGIT = /^\d/
const MAX_BYTE = 0o377
const EXPECTED = String.raw`characters, or \a \b \f \n \r \t \v, \0 to \377, \\ for some of them`

/**
 * The bytes that a parameter such as `message_strip_characters` names, C escapes undone: `\a \b \f
 * \n \r \t \v`, one to three octal digits, and any mark, such as `\\`, for itself. A character
 * outside ASCII stands for all bytes of its UTF-8 form.
 *
 * Postfix takes `\q` for `q` and `\400` for `\0`. What cannot be meant is an error here.
 *
 * @throws {ConfigError} `value`, without file and line.
 */
export function parseCharacters(parameter: string, value: string): Uint8Array {
  const bytes: number[] = []
  const text = encodeAddress(value)
  for (let at = 0; at < text.length; ) {
    if (text[at] !== BACKSLASH) {
      bytes.push(text[at]!)
      at += 1
      continue
    }
    const rest = Buffer.from(text.subarray(at + 1, at + 4)).toString('latin1')
    const sequence = readEscape(rest)
    if (sequence === undefined) {
      const message = `bad escape sequence \\${rest} in: ${parameter} = ${value}`
      throw new ConfigError('value', message, { parameter, value, expected: EXPECTED })
    }
    bytes.push(sequence.byte)
    at += 1 + sequence.length
  }
  return Uint8Array.from(bytes)
}

/** @param text What follows a backslash. */
function readEscape(text: string): { byte: number; length: number } | undefined {
  const control = CONTROLS[text.charAt(0)]
  if (control !== undefined) return { byte: control, length: 1 }
  const [found] = ESCAPE.exec(text) ?? []
  if (found === undefined) return undefined
  const byte = DIGIT.test(found) ? Number.parseInt(found, 8) : found.charCodeAt(0)
  return byte > MAX_BYTE ? undefined : { byte, length: found.length }
}
