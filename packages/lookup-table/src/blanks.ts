const BLANKS_AT_START = /^[ \t-\r]+/
const BLANKS_AT_END = /[ \t-\r]+$/

/** Blank, tab, LF, VT, FF, CR: what isspace(3) says of bytes, without the blanks of Unicode. */
export function isBlank(char: string): boolean {
  return char === ' ' || (char >= '\t' && char <= '\r')
}

/** The text without blanks at its start. */
export function trimBlanksStart(text: string): string {
  return text.replace(BLANKS_AT_START, '')
}

/** The text without blanks at its end. */
export function trimBlanksEnd(text: string): string {
  // The search of BLANKS_AT_END begins at each blank, so most texts are kept from it.
  return text !== '' && isBlank(text[text.length - 1]!) ? text.replace(BLANKS_AT_END, '') : text
}
