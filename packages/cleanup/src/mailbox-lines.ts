const LF = 0x0a
const SPACE = 0x20
const CR = 0x0d
const TAB = 0x09
const GREATER = 0x3e
const F = 0x46
const NEWLINE = Buffer.from('\n')
const FROM = Buffer.from('From')
const LABEL = Buffer.from('X-Mailbox-Line: ')
const UNCHANGED = { start: Buffer.alloc(0), end: 0 }

/** The options of cleanup that matter here. */
export interface DisarmOptions {
  readonly lineLengthLimit: number
  /** A CR is a space, then. */
  readonly replaceStrayCr: boolean
}

/**
 * Disarms the start of a message: mailbox lines (`From …`, `>From …`) get the label
 * `X-Mailbox-Line: `, and a first record that starts with a blank gets an empty line before it, so
 * that it cannot continue a header of ours.
 *
 * What is looked at is records: a first line longer than `lineLengthLimit` is labelled again at
 * each cut that looks like a mailbox line, as Postfix does.
 *
 * @returns what to put in place of the first bytes, and how many those are; mostly none.
 */
export function disarmStart(
  content: Buffer,
  { lineLengthLimit, replaceStrayCr }: DisarmOptions,
): { readonly start: Buffer; readonly end: number } {
  const first = content[0]
  if (first !== F && first !== GREATER && !isBlank(first, replaceStrayCr)) return UNCHANGED
  const pieces: Buffer[] = []
  let at = 0
  while (isMailboxLine(content, at, replaceStrayCr)) {
    const end = recordEnd(content, at, lineLengthLimit)
    pieces.push(LABEL, content.subarray(at, end))
    at = end
  }
  if (isBlank(content[at], replaceStrayCr)) pieces.push(NEWLINE)
  return pieces.length === 0 ? UNCHANGED : { start: Buffer.concat(pieces), end: at }
}

/** Whether a byte is one, or becomes one. */
export function isBlank(byte: number | undefined, replaceStrayCr: boolean): boolean {
  return byte === SPACE || byte === TAB || (byte === CR && replaceStrayCr)
}

function isMailboxLine(content: Buffer, start: number, replaceStrayCr: boolean): boolean {
  let at = start
  while (content[at] === GREATER) at++
  const end = at + FROM.length
  return (
    isBlank(content[end], replaceStrayCr) &&
    content[end] !== TAB &&
    FROM.equals(content.subarray(at, end))
  )
}

/** Where the next record begins: after the LF, or after `limit` bytes without one. */
function recordEnd(content: Buffer, start: number, limit: number): number {
  const lf = content.subarray(start, start + limit + 1).indexOf(LF)
  return lf < 0 ? Math.min(start + limit, content.length) : start + lf + 1
}
