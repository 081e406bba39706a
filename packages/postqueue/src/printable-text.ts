import { printable } from '@posthouse/mail-log'

const NON_ASCII = /[^\x00-\x7f]/gu

/**
 * Makes text fit for a listing (F-86): control characters and bytes that are not UTF-8 become `?`,
 * and so does, without `smtputf8`, each byte of what is not ASCII.
 */
export function printableText(text: string, smtputf8: boolean): string {
  const safe = printable(text)
  if (smtputf8) return safe
  return safe.replace(NON_ASCII, (character) => '?'.repeat(Buffer.byteLength(character)))
}
