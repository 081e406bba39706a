import { MimeStream } from '@posthouse/mime-stream'

/** A part of a message, as its headers and its boundaries have it. */
export interface MessagePart {
  /** In how many others it is. */
  readonly depth: number
  /** Value of `Content-Type:`, such as `text/plain`; in lower case. */
  readonly type: string
  /** Of the body as it is encoded, parts within it not counted. */
  sizeBytes: number
}

// Defaults of the parameters of main.cf that are called so.
const LIMITS = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  disableMimeInputProcessing: false,
}

/** The parts of a message, in its order; the message itself is the first. */
export function messageParts(content: Buffer): MessagePart[] {
  const parts: MessagePart[] = []
  let depth = 0
  let type = ''
  const stream = new MimeStream(LIMITS, (event) => {
    if (event.kind === 'header') {
      const match = /^content-type[ \t]*:\s*([^;\s]+)/i.exec(event.text.toString('latin1'))
      if (match !== null) type = match[1]!.toLowerCase()
    } else if (event.kind === 'end-of-headers') {
      parts.push({ depth, type: type || 'text/plain', sizeBytes: 0 })
      type = ''
      if (event.body !== 'leaf') depth++
    } else if (event.kind === 'boundary') {
      if (event.isClosing) depth = Math.max(0, depth - 1)
    } else {
      const part = parts.at(-1)
      if (part !== undefined) part.sizeBytes += event.raw.length
    }
  })
  stream.push(content)
  stream.end()
  return parts
}
