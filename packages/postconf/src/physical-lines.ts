const BLANK_OR_COMMENT = /^[ \t\v\f\r\n]*(#|$)/
const STARTS_WITH_BLANK = /^[ \t\v\f\r]/

/** A line of a file, with its newline; the last one may have none. */
export interface PhysicalLine {
  /** One character for each byte. */
  readonly text: string
  /** `other`: a comment, or nothing; it belongs to no setting, even between its lines (G-6). */
  readonly kind: 'start' | 'continuation' | 'other'
}

/** Splits a file of settings into its lines; nothing is lost. */
export function physicalLines(content: Uint8Array): PhysicalLine[] {
  const text = Buffer.from(content).toString('latin1')
  return text
    .split(/(?<=\n)/)
    .flatMap((line) => (line === '' ? [] : [{ text: line, kind: kind(line) }]))
}

/** The bytes of texts that have one character for each. */
export function joinLines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join(''), 'latin1')
}

/** A line to put behind others: it does not get into one that has no newline. */
export function appendLine(lines: string[], line: string): void {
  const last = lines.at(-1)
  if (last !== undefined && !last.endsWith('\n')) lines[lines.length - 1] = `${last}\n`
  lines.push(line)
}

function kind(line: string): PhysicalLine['kind'] {
  if (BLANK_OR_COMMENT.test(line)) return 'other'
  return STARTS_WITH_BLANK.test(line) ? 'continuation' : 'start'
}
