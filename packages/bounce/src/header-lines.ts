const LF = 0x0a
const NOTHING = Buffer.alloc(0)
/** A longer name is none: nothing but the start of a line is ever held back. */
const MAX_NAME_BYTES = 1000
const HEADER = /^([ \t]|[\x21-\x39\x3b-\x7e]+[ \t]*:)/
const HEADER_START = /^[\x21-\x39\x3b-\x7e]*[ \t]*$/

/**
 * The headers of a message: its lines up to the first that is neither a header nor starts with a
 * blank (F-73). Chunks are views of those that came, which are read no further than needed.
 *
 * @param content Text with LF line ends, in any chunks.
 */
export async function* headerLines(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array = NOTHING // The start of a line that may be that of a header.
  let isInLine = false
  for await (const chunk of content) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    held = NOTHING
    let at = 0
    let isEnd = false
    while (at < bytes.length) {
      if (!isInLine) {
        const start = Buffer.from(bytes.subarray(at, at + MAX_NAME_BYTES)).toString('latin1')
        if (!HEADER.test(start)) {
          isEnd = start.length === MAX_NAME_BYTES || !HEADER_START.test(start)
          if (!isEnd) held = bytes.slice(at)
          break
        }
      }
      const end = bytes.indexOf(LF, at)
      isInLine = end < 0
      at = isInLine ? bytes.length : end + 1
    }
    if (at > 0) yield bytes.subarray(0, at)
    if (isEnd) return
  }
}
