/** A record as it was sent. */
export interface StreamRecord {
  readonly type: number
  readonly data: Buffer
}

/** The stream is not of records; `message` tells where it ends (F-30). */
export class BadStreamError extends Error {
  override readonly name = 'BadStreamError'
}

const MAX_LENGTH_SHIFT = 21
const NOTHING = Buffer.alloc(0)

/**
 * Reads records one after the other from a stream, which may be cut anywhere. Memory is one chunk
 * and one record.
 *
 * @param maxBytes The longest payload.
 * @throws {BadStreamError} as a rejection
 */
export async function* readRecords(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamRecord> {
  let rest: Buffer = NOTHING
  for await (const chunk of input) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    let at = 0
    for (;;) {
      const header = headerAt(bytes, at, maxBytes)
      if (header === undefined || header.end > bytes.length) break
      yield { type: bytes[at]!, data: bytes.subarray(header.start, header.end) }
      at = header.end
    }
    rest = bytes.subarray(at)
  }
  if (rest.length > 0) throw cutShort(rest, maxBytes)
}

/** Where the payload of a record is; undefined if its header is not all there. */
function headerAt(
  bytes: Buffer,
  at: number,
  maxBytes: number,
): { readonly start: number; readonly end: number } | undefined {
  const type = bytes[at]
  let length = 0
  let start = at + 1
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[start]
    if (byte === undefined) return undefined
    if (shift > MAX_LENGTH_SHIFT) {
      throw new BadStreamError(`too many length bits, record type ${type}`)
    }
    length += (byte & 0x7f) << shift
    start++
    if (byte < 0x80) break
  }
  if (length > maxBytes) throw new BadStreamError(`illegal length ${length}, record type ${type}`)
  return { start, end: start + length }
}

function cutShort(rest: Buffer, maxBytes: number): BadStreamError {
  const header = headerAt(rest, 0, maxBytes)
  const what = `record type ${rest[0]}`
  if (header === undefined) return new BadStreamError(`unexpected EOF reading length, ${what}`)
  return new BadStreamError(`unexpected EOF in data, ${what} length ${header.end - header.start}`)
}
