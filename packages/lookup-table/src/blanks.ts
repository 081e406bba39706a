const BLANKS_AT_START = /^[ \t-\r]+/

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
  // An expression would begin at each blank, and take forever for a long run inside the text.
  let end = text.length
  while (end > 0 && isBlank(text[end - 1]!)) end--
  return text.slice(0, end)
}
