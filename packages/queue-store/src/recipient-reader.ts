import { parseAttribute } from './attribute.ts'
import { unexpected } from './envelope-parser.ts'
import {
  corrupt,
  type EnvelopeSource,
  isMissing,
  missingEnd,
  skipContent,
} from './envelope-reader.ts'
import type { MessageEnvelope, RecipientBatch, UnreadRecipients } from './message.ts'
import { isRecipient, RecipientGroups, text } from './recipient-groups.ts'
import { RecordType, recordName } from './record.ts'
import type { QueueRecord, RecordReader } from './record-reader.ts'

const MAX_WARNINGS = 20
const UNKNOWN = recordName(0)

/** The file of which more recipients are read. */
export interface RecipientSource extends Omit<EnvelopeSource, 'mode' | 'verpDelimiterFilter'> {
  readonly content: Pick<MessageEnvelope, 'contentOffset' | 'dataSize'>
  readonly unread: UnreadRecipients
}

/**
 * Reads the recipients that follow one that was read before (S-61).
 *
 * @param reader Begins at the record of that one.
 * @throws {QueueFileError} `corrupt`
 */
export async function readRecipientRecords(
  reader: RecordReader,
  source: RecipientSource,
): Promise<RecipientBatch> {
  const warnings: string[] = []
  const groups = new RecipientGroups(source.limit, (text) => {
    if (warnings.length < MAX_WARNINGS) warnings.push(`${source.id}: ${text}`)
  })
  try {
    const unread = await readGroups(reader, groups, source)
    for (const warning of warnings) source.warn(warning)
    return { recipients: groups.recipients, ...unread }
  } catch (error) {
    throw corrupt(error, warnings, source)
  }
}

async function readGroups(
  reader: RecordReader,
  groups: RecipientGroups,
  { id, content, unread, warn }: RecipientSource,
): Promise<Pick<RecipientBatch, 'unread'>> {
  const first = await reader.read()
  if (first === undefined || isMissing(first)) throw missingEnd(id)
  if (!isRecipient(first)) throw unexpected(first)
  let isContentAhead = true
  for (;;) {
    if (isContentAhead && reader.position === content.contentOffset) {
      isContentAhead = false
      groups.end()
      await skipContent(reader, content.contentOffset + content.dataSize, id)
    }
    const record = (await reader.read()) ?? 'end'
    if (isMissing(record)) throw missingEnd(id)
    if (record.type === RecordType.end) break
    takeOfGroup(record, groups)
    if (!groups.isFull) continue
    const { seen, lastOffset: behind = unread.behind } = groups
    return { unread: { atMost: Math.max(1, unread.atMost - seen), behind } }
  }
  groups.end()
  const missing = unread.atMost - groups.seen
  if (missing !== 0) warn(`${id}: rcpt count mismatch (${missing})`)
  return {}
}

/** Records that have nothing to do with recipients were taken when the envelope was read. */
function takeOfGroup(record: QueueRecord, groups: RecipientGroups): void {
  const { type } = record
  if (groups.take(record)) return
  if (type === RecordType.original) groups.takeOriginal(record)
  else if (type === RecordType.dsnOriginal) groups.takeDsnOriginal(text(record))
  else if (type === RecordType.notify) groups.takeNotify(text(record))
  else if (type === RecordType.attribute) {
    const attribute = parseAttribute(text(record))
    if ('problem' in attribute) return
    if (attribute.name === 'notify_flags') groups.takeNotify(attribute.value)
    else if (attribute.name === 'dsn_orig_rcpt') groups.takeDsnOriginal(attribute.value)
  } else if (recordName(type) === UNKNOWN) throw unexpected(record)
}
