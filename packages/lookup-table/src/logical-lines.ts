import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

const QUOTED_BYTES = 30
const BLANK_LINE = /^[ \t\v\f\r]*(#|$)/
const STARTS_WITH_BLANK = /^[ \t\v\f\r]/

/** A line with its continuation lines, whose leading blanks are kept, up to the first NUL. */
export interface LogicalLine {
  readonly text: string
  /** Number of its first physical line, from 1. */
  readonly line: number
}

/**
 * The logical lines of a table's source, without comments and empty lines: G-57. Continuation
 * lines at the start continue nothing; they are left out, with a warning. The twin of
 * `readLogicalLines` of `@posthouse/config`, which cannot be imported from here.
 *
 * @param file Name for the warning.
 */
export function logicalLines(
  source: string,
  file: string,
  warn: (text: string) => void,
): LogicalLine[] {
  const lines: { text: string; line: number }[] = []
  source.split('\n').forEach((physical, index) => {
    if (BLANK_LINE.test(physical)) return
    const last = lines.at(-1)
    if (last !== undefined && STARTS_WITH_BLANK.test(physical)) last.text += physical
    else lines.push({ text: physical, line: index + 1 })
  })
  const first = lines[0]
  if (first !== undefined && STARTS_WITH_BLANK.test(first.text)) {
    warn(`${file}: logical line must not start with whitespace: "${beginning(first.text)}"`)
    lines.shift()
  }
  for (const line of lines) {
    const nul = line.text.indexOf('\0')
    if (nul >= 0) line.text = line.text.slice(0, nul)
  }
  return lines
}

function beginning(text: string): string {
  const bytes = encodeAddress(text)
  if (bytes.length <= QUOTED_BYTES) return text
  return `${decodeAddress(bytes.subarray(0, QUOTED_BYTES))}...`
}
