const ORDINARY = /^[\x20-\x7e]*$/
const CONTROL = /[\x00-\x1f\x7f]/g
const NON_ASCII = /[^\x00-\x7f]/gu
const LONE_SURROGATE = /\p{Surrogate}/gu

/**
 * Makes text fit for a line of a status log (`F-60`): control characters become `?`, and so does
 * each byte that is not valid UTF-8 or, without `smtputf8`, not ASCII.
 *
 * @param text Bytes that are not UTF-8 are lone surrogates, as `decodeAddress` makes them.
 */
export function printableText(text: string, smtputf8: boolean): string {
  if (ORDINARY.test(text)) return text
  const printable = text.replace(LONE_SURROGATE, '?').replace(CONTROL, '?')
  if (smtputf8) return printable
  return printable.replace(NON_ASCII, (character) => '?'.repeat(Buffer.byteLength(character)))
}
