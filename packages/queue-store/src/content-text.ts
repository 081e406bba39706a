import { RecordType } from './record.ts'
import { BadRecordError, type RecordReader } from './record-reader.ts'

const LF = 0x0a
const CHUNK_BYTES = 64 * 1024

/**
 * The text of content records that are in memory: each `N` with its LF, each `L` without (F-44).
 * A copy, of no more bytes than needed.
 *
 * @throws {TypeError} if `records` are anything but whole `N` and `L` records.
 */
export function contentText(records: Uint8Array): Buffer {
  const text = Buffer.allocUnsafe(textBytes(records))
  const source = Buffer.from(records.buffer, records.byteOffset, records.byteLength)
  let at = 0
  let used = 0
  while (at < records.length) {
    const type = records[at++]!
    let byte = records[at++]!
    let length = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = records[at++]!
      length |= (byte & 0x7f) << shift
    }
    source.copy(text, used, at, at + length)
    at += length
    used += length
    if (type === RecordType.text) text[used++] = LF
  }
  return text
}

/** Bytes of the text of content records. @throws {TypeError} as `contentText` does. */
export function textBytes(records: Uint8Array): number {
  let at = 0
  let bytes = 0
  while (at < records.length) {
    const type = records[at++]!
    let byte = records[at++] ?? 0x80
    let length = byte & 0x7f
    for (let shift = 7; byte > 0x7f && shift <= 21; shift += 7) {
      byte = records[at++] ?? 0x80
      length |= (byte & 0x7f) << shift
    }
    at += length
    if (type === RecordType.text) bytes += length + 1
    else if (type === RecordType.partialText) bytes += length
    else at = Number.POSITIVE_INFINITY
    if (byte > 0x7f) at = Number.POSITIVE_INFINITY
  }
  if (at !== records.length) throw new TypeError('expected content records of a ContentWriter')
  return bytes
}

/**
 * Reads the text of a content segment in chunks of some 64 KB, or of one record where that is
 * longer. Each chunk is a buffer of its own.
 *
 * @param reader At the first content record.
 * @param contentEnd Where the `X` record has to be; anything else means damage.
 * @throws {BadRecordError}
 */
export async function* readContentText(
  reader: RecordReader,
  contentEnd: number,
): AsyncGenerator<Buffer, void, void> {
  let chunk = Buffer.allocUnsafe(0)
  let used = 0
  for (;;) {
    const record = reader.next()
    if (record === 'more') {
      await reader.fill()
      continue
    }
    if (record === 'end') throw new BadRecordError(true, 'unexpected EOF in content')
    const { type, data } = record
    if (type !== RecordType.text && type !== RecordType.partialText) {
      if (type !== RecordType.extracted || record.offset !== contentEnd) {
        const what = `record type ${type} at offset ${record.offset}`
        throw new BadRecordError(false, `unexpected ${what} in content`)
      }
      break
    }
    if (used + data.length + 1 > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used)
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, data.length + 1))
      used = 0
    }
    chunk.set(data, used)
    used += data.length
    if (type === RecordType.text) chunk[used++] = LF
  }
  if (used > 0) yield chunk.subarray(0, used)
}
