import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

const QUOTED_BYTES = 30
const BLANK_LINE = /^[ \t\v\f\r]*(#|$)/
const STARTS_WITH_BLANK = /^[ \t\v\f\r]/

/** A line with its continuation lines. */
export interface LogicalLine {
  /** Joined without their newlines; the leading blanks of continuation lines are kept. */
  readonly text: string
  /** Number of its first physical line, from 1. */
  readonly line: number
}

/** The logical lines of a file, without comments and empty lines. */
export interface LogicalLines {
  readonly lines: readonly LogicalLine[]
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/**
 * Splits a configuration file into logical lines (rules G-5 to G-7). Comments may stand between a
 * line and its continuation. A file that starts with a continuation gets a warning and that
 * logical line is dropped. What follows a zero byte is cut off, as in a program in C.
 *
 * @param file Name for the warnings.
 */
export function readLogicalLines(text: string, file: string): LogicalLines {
  const gathered: { parts: string[]; line: number }[] = []
  text.split('\n').forEach((physical, index) => {
    if (BLANK_LINE.test(physical)) return
    const last = gathered.at(-1)
    if (last !== undefined && STARTS_WITH_BLANK.test(physical)) last.parts.push(physical)
    else gathered.push({ parts: [physical], line: index + 1 })
  })

  const warnings: string[] = []
  const lines = gathered.map(({ parts, line }) => {
    const text = parts.join('')
    const end = text.indexOf('\0')
    if (end < 0) return { text, line }
    warnings.push(`${file}, line ${line}: text after null byte may be ignored`)
    return { text: text.slice(0, end), line }
  })
  const first = lines[0]
  if (first !== undefined && STARTS_WITH_BLANK.test(first.text)) {
    const quoted = `"${beginning(first.text)}"`
    warnings.push(`${file}: logical line must not start with whitespace: ${quoted}`)
    lines.shift()
  }
  return { lines, warnings }
}

function beginning(text: string): string {
  const bytes = encodeAddress(text)
  if (bytes.length <= QUOTED_BYTES) return text
  return `${decodeAddress(bytes.subarray(0, QUOTED_BYTES))}...`
}
