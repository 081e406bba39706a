import { parseAttribute } from './attribute.ts'
import type { QueueFileSystem } from './file-system.ts'
import { RecordType } from './record.ts'
import type { QueueRecord, RecordReader } from './record-reader.ts'
import { column } from './size-record.ts'

/**
 * What was sent, and is not to be sent again: a warning of a delay, or the report that
 * `sendmail -v` asked for.
 */
export type SentNotice = 'delay-warning' | 'trace-report'

const RECORD_ONLY = '1024' // Of F-40: `sendmail -v`, and nothing else.

/**
 * Notes in a queue file what was sent, in place (F-53). Not synced: loss means that it is sent
 * again. Nothing is done where no record asks for it.
 *
 * @throws {BadRecordError}
 */
export async function noteSent(
  files: QueueFileSystem,
  file: number,
  reader: RecordReader,
  notice: SentNotice,
): Promise<void> {
  const isWanted = notice === 'delay-warning' ? isWarning : isTraceRequest
  for (;;) {
    const record = await reader.read()
    if (record === undefined || record.type === RecordType.content) return
    if (!isWanted(record)) continue
    const { offset, data } = record
    if (notice === 'trace-report')
      await files.pwrite(file, Uint8Array.of(RecordType.killed), offset)
    else {
      const never = Buffer.from(column(-1).padStart(data.length))
      await files.pwrite(file, never, reader.position - data.length)
    }
    return
  }
}

function isWarning({ type, data }: QueueRecord): boolean {
  return type === RecordType.warningTime && data.length >= column(-1).length
}

function isTraceRequest({ type, data }: QueueRecord): boolean {
  if (type !== RecordType.attribute) return false
  const attribute = parseAttribute(data.toString('latin1'))
  return 'name' in attribute && attribute.name === 'trace_flags' && attribute.value === RECORD_ONLY
}
