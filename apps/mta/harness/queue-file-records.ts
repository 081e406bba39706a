import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One record of a queue file: a letter and its payload. */
export interface FileRecord {
  readonly type: string
  readonly payload: Buffer
}

/** Records of a queue file, by the part of the file that they are in. */
export interface QueueFileRecords {
  readonly envelope: readonly FileRecord[]
  readonly content: readonly FileRecord[]
  readonly extracted: readonly FileRecord[]
}

/** Where a message is. */
export interface QueueFile {
  readonly queue: string
  readonly path: string
}

/** Where the file of this message is, if it is anywhere. */
export function findQueueFile(queueDirectory: string, id: string): QueueFile | undefined {
  // In the order in which a message may move meanwhile.
  for (const queue of ['active', 'incoming', 'deferred', 'hold', 'corrupt']) {
    const directory = join(queueDirectory, queue)
    if (!existsSync(directory)) continue
    const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    const name = names.find((name) => name === id || name.endsWith(`/${id}`))
    if (name !== undefined) return { queue, path: join(directory, name) }
  }
  return undefined
}

/** Reads a queue file that has no pointers. Written apart from the package, to check it. */
export function readQueueFile(path: string): QueueFileRecords {
  const segments: Record<keyof QueueFileRecords, FileRecord[]> = {
    envelope: [],
    content: [],
    extracted: [],
  }
  let segment: keyof QueueFileRecords = 'envelope'
  for (const record of recordsOf(readFileSync(path))) {
    if (record.type === 'M') segment = 'content'
    else if (record.type === 'X') segment = 'extracted'
    else if (record.type === 'E') return segments
    else if (record.type !== 'T') segments[segment].push(record)
  }
  throw new Error(`expected an end record in ${path}`)
}

/** type, length in groups of seven bits, payload. */
function* recordsOf(bytes: Buffer): Generator<FileRecord> {
  for (let at = 0; at < bytes.length; ) {
    const type = String.fromCharCode(bytes[at++]!)
    let length = 0
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++] ?? 0
      length |= (byte & 0x7f) << shift
      more = byte > 0x7f
    }
    yield { type, payload: bytes.subarray(at, at + length) }
    at += length
  }
}
