import { decodeAddress } from '@posthouse/mail-address'
import {
  BadRecordError,
  type FileSystemStatus,
  parseTimeMs,
  type QueueFileSystem,
  type QueueRecord,
  RecordReader,
  RecordType,
} from '@posthouse/queue-store'

/** What the table needs of a message. */
export interface MessageShape {
  readonly arrivalMs: number
  readonly sender: string
  /** Those that are still to be delivered to; at least one. */
  readonly recipients: readonly string[]
}

/** Reads a queue file; undefined if it is not whole, or has nobody to deliver to. */
export async function readShape(
  files: QueueFileSystem,
  path: string,
): Promise<MessageShape | undefined> {
  const file = await files.open(path, 'read')
  try {
    const status = files.fstat(file)
    const read = async (position: number, length: number): Promise<Buffer> => {
      const left = Math.max(0, status.sizeBytes - position)
      const target = Buffer.allocUnsafe(Math.min(length, left))
      return target.subarray(0, await files.read(file, target, position))
    }
    return await readRecords(new RecordReader(read, status.sizeBytes), status)
  } catch (error) {
    if (error instanceof BadRecordError) return undefined
    throw error
  } finally {
    files.close(file)
  }
}

/** Has no size record: of `maildrop`, in the form of old releases. */
const OLD_SUBMISSIONS: readonly number[] = [RecordType.sender, RecordType.fullName]

async function readRecords(
  reader: RecordReader,
  status: FileSystemStatus,
): Promise<MessageShape | undefined> {
  let arrivalMs: number | undefined
  let sender: string | undefined
  const recipients: string[] = []
  const first = await reader.read()
  if (first === undefined) return undefined
  if (OLD_SUBMISSIONS.includes(first.type)) arrivalMs = status.modifiedMs
  else if (first.type !== RecordType.size) return undefined
  const contentEnd = contentEndOf(first)
  for (let record: QueueRecord | undefined = first; ; record = await reader.read()) {
    if (record === undefined) return undefined
    if (record.type === RecordType.end) break
    if (record.type === RecordType.time) arrivalMs ??= parseTimeMs(textOf(record))
    else if (record.type === RecordType.sender) sender ??= textOf(record)
    else if (record.type === RecordType.recipient) recipients.push(textOf(record))
    else if (record.type === RecordType.content && contentEnd > 0) {
      reader.seek(contentEnd)
      if ((await reader.read())?.type !== RecordType.extracted) return undefined
    }
  }
  if (arrivalMs === undefined || sender === undefined || recipients.length === 0) return undefined
  return { arrivalMs, sender, recipients }
}

/** Offset of the record behind the content; 0 where a file does not tell, and is read through. */
function contentEndOf(first: QueueRecord): number {
  if (first.type !== RecordType.size) return 0
  const [size = 0, offset = 0] = first.data.toString('latin1').trim().split(/ +/).map(Number)
  return size > 0 && offset > 0 ? offset + size : 0
}

// Text ends at its first NUL for other readers, too (F-30).
function textOf({ data }: QueueRecord): string {
  const nul = data.indexOf(0)
  return decodeAddress(nul < 0 ? data : data.subarray(0, nul))
}
