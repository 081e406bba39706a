const INDENT = '    '
/** A word that leaves no line short enough for SMTP (RFC 5321 4.5.3.1.6) is cut, in characters. */
const MAX_WORD_BYTES = 988
const PIECES = /.{1,247}/gsu
const WORDS = /([ \t]*)([^ \t]+)/g

/**
 * Text as lines of at most so many bytes, all but the first of them indented by 4 blanks (F-74),
 * with a newline behind each. A longer word has a line of its own. Multiple blanks within a line
 * stay.
 */
export function wrappedText(text: string, widthBytes = 79): string {
  const lines: string[] = []
  let line = ''
  let lineBytes = 0
  for (const [, blanks = '', word = ''] of text.matchAll(WORDS)) {
    const wordBytes = Buffer.byteLength(word)
    if (line !== '' && lineBytes + blanks.length + wordBytes > widthBytes) {
      lines.push(line)
      line = INDENT
      lineBytes = INDENT.length
    } else {
      line += blanks
      lineBytes += blanks.length
    }
    const pieces = wordBytes > MAX_WORD_BYTES ? (word.match(PIECES) ?? []) : [word]
    line += pieces.join(`\n${INDENT}`)
    lineBytes += wordBytes
  }
  lines.push(line)
  return `${lines.join('\n')}\n`
}
