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

/** Whether addresses may be shown in UTF-8: requested by the message, offered by the server. */
export interface Utf8Terms {
  readonly requested: boolean
  readonly offered: boolean
}

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
 * server that offers DSN. One octet per character.
 */
export function rcptParameters(recipient: SmtpRecipient, utf8: Utf8Terms): string {
  const orcpt = originalRecipient(recipient, utf8)
  const { notify = 0 } = recipient
  const parameters = orcpt === '' ? '' : ` ORCPT=${orcpt}`
  return notify === 0 ? parameters : `${parameters} NOTIFY=${notifyText(notify)}`
}

function originalRecipient({ original, dsnOriginal }: SmtpRecipient, utf8: Utf8Terms): string {
  if (dsnOriginal !== undefined && dsnOriginal !== '') {
    const separator = dsnOriginal.indexOf(';')
    return typedAddress(dsnOriginal.slice(0, separator), dsnOriginal.slice(separator + 1), utf8)
  }
  if (original === undefined || original === '') return ''
  const international = utf8.requested && !isAscii(original) && isValidUtf8Text(original)
  return typedAddress(international ? 'utf-8' : 'rfc822', quoteHeaderAddress(original), utf8)
}

function typedAddress(type: string, address: string, utf8: Utf8Terms): string {
  const isUtf8 = type.toLowerCase() === 'utf-8'
  return `${type};${isUtf8 ? encodeUxtext(address, utf8.offered) : encodeXtext(address)}`
}

/** RFC 6533 3: `\x{HEX}` for what may not be shown, which is all of Unicode if not `asUtf8`. */
function encodeUxtext(text: string, asUtf8: boolean): string {
  let encoded = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    const plain = code > 0x7f ? asUtf8 : XTEXT_PLAIN.test(character) && character !== '\\'
    encoded += plain ? encodeAddress(character).toString('latin1') : `\\x{${hex(code, 2)}}`
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
