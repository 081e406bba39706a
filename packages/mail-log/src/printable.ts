const PLAIN = /^[\x20-\x7e]*$/
// With the flag `u`, Cs matches surrogates that have no partner: bytes that were not valid UTF-8.
const NON_ASCII = /[^\x00-\x7f]/gu
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Makes text safe for one line of a log: control characters, LF included, and bytes that were not
 * valid UTF-8 (lone surrogates, U+DC80 to U+DCFF) become `?`, one each; other characters stay.
 *
 * @param maxBytes Where to cut, in bytes of UTF-8; a character is kept whole or dropped. Without
 * it nothing is cut.
 * @param smtputf8 `smtputf8_enable`. Without it each byte that is not ASCII becomes `?`.
 * @see G-158. Unlike Postfix, the control characters U+0080 to U+009F become `?` as well, because
 * a terminal obeys them, and the separators U+2028 and U+2029, because programs that read a log may
 * take them for the end of a line.
 */
export function printable(
  text: string,
  maxBytes: number = Number.POSITIVE_INFINITY,
  smtputf8 = true,
): string {
  if (PLAIN.test(text)) return text.length > maxBytes ? text.slice(0, maxBytes) : text
  // No character is shorter than a byte, so what lies beyond cannot be needed.
  const kept = text.length > maxBytes ? text.slice(0, maxBytes + 1) : text
  return cut((smtputf8 ? kept : asciiOf(kept)).replace(UNPRINTABLE, '?'), maxBytes)
}

/** `printable` of each text, for less: mostly all are plain, which one look at them all tells. */
export function printableTexts(
  texts: readonly string[],
  maxBytes: number,
  smtputf8: boolean | undefined,
): readonly string[] {
  let all = ''
  let areShort = true
  for (const text of texts) {
    all += text
    areShort &&= text.length <= maxBytes
  }
  if (areShort && PLAIN.test(all)) return texts
  return texts.map((text) => printable(text, maxBytes, smtputf8))
}

function asciiOf(text: string): string {
  return text.replace(NON_ASCII, (character) =>
    character.isWellFormed() ? '?'.repeat(Buffer.byteLength(character)) : '?',
  )
}

function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  const bytes = Buffer.from(text)
  let end = maxBytes
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
