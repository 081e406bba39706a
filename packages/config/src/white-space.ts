// Postfix means the white space of ASCII. That of JavaScript has more, which may occur in values.
const WHITE_SPACE = ' \t\n\v\f\r'

/** Without ASCII white space at both ends. */
export function trimWhiteSpace(text: string): string {
  let end = text.length
  while (end > 0 && WHITE_SPACE.includes(text[end - 1]!)) end--
  return trimStart(text.slice(0, end))
}

/** Without ASCII white space at the start. */
export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && WHITE_SPACE.includes(text[start]!)) start++
  return text.slice(start)
}
