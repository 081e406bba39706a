import type { HeaderEvent } from '@posthouse/mime-stream'
import type { ContentWriter } from '@posthouse/queue-store'

const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** One header as it is to be stored, its lines joined by LF. */
export type HeaderText = Pick<HeaderEvent, 'name' | 'kept' | 'colon'>

/** A header that a table or an option gives. @param bytes Has a colon. */
export function headerText(bytes: Buffer): HeaderText {
  const colon = bytes.indexOf(COLON)
  const name = bytes.toString('latin1', 0, colon).trimEnd().toLowerCase()
  return { name, kept: bytes, colon }
}

/** Where a header's value begins: behind the colon, blanks and line ends. */
export function headerValueStart({ kept, colon }: HeaderText): number {
  let at = colon + 1
  while (kept[at] === SPACE || kept[at] === TAB || kept[at] === LF) at++
  return at
}

/** Writes a whole header, its lines joined by LF. */
export function writeHeader(writer: ContentWriter, header: Buffer): void {
  const lastLine = header.lastIndexOf(LF) + 1
  if (lastLine > 0) writer.text(header, 0, lastLine)
  writer.line(header, lastLine)
}
