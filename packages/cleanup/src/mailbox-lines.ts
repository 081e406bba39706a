const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const GREATER = 0x3e
const F = 0x46
const NEWLINE = Buffer.from('\n')
const FROM = Buffer.from('From ')
const LABEL = Buffer.from('X-Mailbox-Line: ')

/**
 * Disarms the start of a message: mailbox lines (`From …`, `>From …`) get the label
 * `X-Mailbox-Line: `, and a first record that starts with a blank gets an empty line before it, so
 * that it cannot continue a header of ours.
 *
 * What is looked at is records: a first line longer than `lineLengthLimit` is labelled again at
 * each cut that looks like a mailbox line, as Postfix does.
 *
 * @returns `content` itself when there is nothing to do, which is nearly always.
 */
export function disarmStart(content: Buffer, lineLengthLimit: number): Buffer {
  const first = content[0]
  if (first !== F && first !== GREATER && first !== SPACE && first !== TAB) return content

  const pieces: Buffer[] = []
  let at = 0
  while (isMailboxLine(content, at)) {
    const end = recordEnd(content, at, lineLengthLimit)
    pieces.push(LABEL, content.subarray(at, end))
    at = end
  }
  if (content[at] === SPACE || content[at] === TAB) pieces.push(NEWLINE)
  if (pieces.length === 0) return content
  pieces.push(content.subarray(at))
  return Buffer.concat(pieces)
}

function isMailboxLine(content: Buffer, start: number): boolean {
  let at = start
  while (content[at] === GREATER) at++
  return FROM.equals(content.subarray(at, at + FROM.length))
}

/** Where the next record begins: after the LF, or after `limit` bytes without one. */
function recordEnd(content: Buffer, start: number, limit: number): number {
  const lf = content.subarray(start, start + limit + 1).indexOf(LF)
  return lf < 0 ? Math.min(start + limit, content.length) : start + lf + 1
}
