import {
  encodeAddress,
  isAscii,
  isValidUtf8Text,
  quoteHeaderAddress,
} from '@posthouse/mail-address'

import type { SmtpRecipient } from './request.ts'

const NOTIFY_NEVER = 1
const NOTIFY_SUCCESS = 2
const NOTIFY_FAILURE = 4
const NOTIFY_DELAY = 8

// RFC 3461 4: what xtext may show as it is.
const XTEXT_PLAIN = /^[!-*,-<>-~]*$/

/** `text` as xtext (RFC 3461 4): `+XX` for each octet that is not a plain character. */
export function encodeXtext(text: string): string {
  if (XTEXT_PLAIN.test(text)) return text
  let encoded = ''
  for (const byte of encodeAddress(text)) {
    const character = String.fromCharCode(byte)
    encoded += XTEXT_PLAIN.test(character) ? character : `+${hex(byte, 2)}`
  }
  return encoded
}

/**
 * ORCPT and NOTIFY of a RCPT command, in that order, each with a blank before it (C-79). For a
 * server that offers DSN. ASCII, also where the server offers SMTPUTF8, as Postfix does.
 *
 * @param international the message asks for SMTPUTF8.
 */
export function rcptParameters(recipient: SmtpRecipient, international: boolean): string {
  const orcpt = originalRecipient(recipient, international)
  const { notify = 0 } = recipient
  const parameters = orcpt === '' ? '' : ` ORCPT=${orcpt}`
  return notify === 0 ? parameters : `${parameters} NOTIFY=${notifyText(notify)}`
}

function originalRecipient(
  { original, dsnOriginal }: SmtpRecipient,
  international: boolean,
): string {
  if (dsnOriginal !== undefined && dsnOriginal !== '') {
    const separator = dsnOriginal.indexOf(';')
    return typedAddress(dsnOriginal.slice(0, separator), dsnOriginal.slice(separator + 1))
  }
  if (original === undefined || original === '') return ''
  const isUtf8 = international && !isAscii(original) && isValidUtf8Text(original)
  return typedAddress(isUtf8 ? 'utf-8' : 'rfc822', quoteHeaderAddress(original))
}

function typedAddress(type: string, address: string): string {
  const encode = type.toLowerCase() === 'utf-8' ? encodeUxtext : encodeXtext
  return `${type};${encode(address)}`
}

/** RFC 6533 3, utf-8-addr-xtext: `\x{HEX}` for what is no plain character. */
function encodeUxtext(text: string): string {
  let encoded = ''
  for (const character of text) {
    const isPlain = XTEXT_PLAIN.test(character) && character !== '\\'
    encoded += isPlain ? character : `\\x{${hex(character.codePointAt(0)!, 2)}}`
  }
  return encoded
}

function notifyText(notify: number): string {
  if (notify & NOTIFY_NEVER) return 'NEVER'
  const wanted: string[] = []
  if (notify & NOTIFY_SUCCESS) wanted.push('SUCCESS')
  if (notify & NOTIFY_FAILURE) wanted.push('FAILURE')
  if (notify & NOTIFY_DELAY) wanted.push('DELAY')
  return wanted.join(',')
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0')
}
