const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** Whether a byte continues a header when it starts a line, or may stand before a colon. */
export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/**
 * Offset of the colon of a header line that begins at `start`, or -1 if none does: bytes
 * 0x21 to 0x7E but the colon, then blanks, then the colon.
 *
 * @param maxBytes The colon must be among this many bytes: those of the line's first record.
 */
export function findHeaderColon(content: Buffer, start: number, maxBytes: number): number {
  const limit = Math.min(start + maxBytes, content.length)
  let at = start
  while (at < limit && content[at]! > SPACE && content[at]! < 0x7f && content[at] !== COLON) at++
  if (at === start) return -1
  while (at < limit && isBlank(content[at])) at++
  return at < limit && content[at] === COLON ? at : -1
}

/** Offset of the end of the header's name: before the blanks before its colon. */
export function headerNameEnd(content: Buffer, colon: number): number {
  let end = colon
  while (isBlank(content[end - 1])) end--
  return end
}

/** Offset behind a header and its continuation lines, their last LF included. */
export function findHeaderEnd(content: Buffer, start: number): number {
  let lf = content.indexOf(LF, start)
  while (lf >= 0 && isBlank(content[lf + 1])) lf = content.indexOf(LF, lf + 1)
  return lf < 0 ? content.length : lf + 1
}

/** Where a header's value begins: behind the colon, blanks and line ends. */
export function headerValueStart(content: Buffer, colon: number, end: number): number {
  let at = colon + 1
  while (at < end && (isBlank(content[at]) || content[at] === LF)) at++
  return at
}

/**
 * Cuts a header, given without its last LF, that is longer than `limit`: at the last line
 * end within the limit if that lies beyond 90 % of it, otherwise exactly at the limit.
 */
export function cutHeader(header: Buffer, limit: number): Buffer {
  if (header.length <= limit) return header
  const lineEnd = header.lastIndexOf(LF, limit)
  const cut = header.subarray(0, lineEnd > 0.9 * limit ? lineEnd : limit)
  // An LF at the end would make an empty line, and so end the header.
  return cut.at(-1) === LF ? cut.subarray(0, -1) : cut
}

/** Cuts each line of a header at its first NUL. */
export function cutAtNul(header: Buffer): Buffer {
  if (!header.includes(0)) return header
  const text = header.toString('latin1').replace(/\0[^\n]*/g, '')
  return Buffer.from(text, 'latin1')
}
