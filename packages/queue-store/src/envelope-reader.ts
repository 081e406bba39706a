import { EnvelopeParser, unexpected, Verdict } from './envelope-parser.ts'
import { QueueFileError } from './errors.ts'
import type { MessageEnvelope } from './message.ts'
import { isRecipient } from './recipient-groups.ts'
import { RecordType } from './record.ts'
import { BadRecordError, type QueueRecord, type RecordReader } from './record-reader.ts'

/** The file of which an envelope is read. */
export interface EnvelopeSource {
  readonly id: string
  /** As in log lines, such as `active/4A23721AD29`. */
  readonly relativePath: string
  /** Permission bits. */
  readonly mode: number
  readonly verpDelimiterFilter: string
  /** Recipients to read at most. */
  readonly limit: number
  /** Takes what is odd about a file that is good enough. */
  readonly warn: (text: string) => void
}

/**
 * Reads a queue file but for its content, which is jumped over, damaged or not (F-50).
 *
 * @throws {QueueFileError} `corrupt`, with the warnings of F-51.
 */
export async function readEnvelopeRecords(
  reader: RecordReader,
  source: EnvelopeSource,
): Promise<MessageEnvelope> {
  const parser = new EnvelopeParser(source.id, source.verpDelimiterFilter, source.limit)
  try {
    await readSegments(reader, parser, source.id)
    const envelope = parser.finish(source.mode)
    for (const warning of parser.warnings) source.warn(warning)
    const mismatch = countMismatch(parser, source.id)
    if (mismatch !== undefined) source.warn(mismatch)
    return envelope
  } catch (error) {
    throw corrupt(error, parser.warnings, source, countMismatch(parser, source.id))
  }
}

async function readSegments(
  reader: RecordReader,
  parser: EnvelopeParser,
  id: string,
): Promise<void> {
  let isContentAhead = true
  for (;;) {
    const record = reader.next()
    if (record === 'more') {
      await reader.fill()
      continue
    }
    if (isMissing(record)) throw missingEnd(id)
    if (record.type === RecordType.end) return
    parser.take(record, reader.position)
    if (parser.isFull && parser.isPure && isRecipient(record)) {
      // What is left in this segment is for later. In the last one, nothing else is of interest.
      if (!isContentAhead) return
      reader.seek(parser.contentOffset)
    }
    if (isContentAhead && reader.position === parser.contentOffset) {
      isContentAhead = false
      parser.endSegment()
      await skipContent(reader, parser.contentEnd, id)
    }
  }
}

/** Goes on behind the content. */
export async function skipContent(
  reader: RecordReader,
  contentEnd: number,
  id: string,
): Promise<void> {
  reader.seek(contentEnd)
  let record = reader.next()
  while (record === 'more') {
    await reader.fill()
    record = reader.next()
  }
  if (isMissing(record)) throw missingEnd(id)
  if (record.type !== RecordType.extracted) throw unexpected(record)
}

/** A record of type 0 is what a hole in the file looks like. */
export function isMissing(record: QueueRecord | 'end'): record is 'end' {
  return record === 'end' || record.type === 0
}

export function missingEnd(id: string): Verdict {
  return new Verdict(`${id}: message rejected: missing end record`)
}

function countMismatch(parser: EnvelopeParser, id: string): string | undefined {
  const missing = parser.recipientsMissing
  return missing === 0 ? undefined : `${id}: rcpt count mismatch (${missing})`
}

/** What is wrong with a file; an error that is no verdict on it passes unchanged. */
export function corrupt(
  error: unknown,
  found: readonly string[],
  source: Pick<EnvelopeSource, 'id' | 'relativePath'>,
  mismatch?: string,
): unknown {
  const warnings = [...found]
  let verdict: string
  if (error instanceof BadRecordError) {
    verdict = `${source.relativePath}: ${error.message}`
    warnings.push(verdict)
    if (error.isEndOfFile) {
      verdict = missingEnd(source.id).message
      warnings.push(verdict)
    }
  } else if (error instanceof Verdict) {
    verdict = error.message
    warnings.push(verdict)
  } else {
    return error
  }
  if (mismatch !== undefined) warnings.push(mismatch)
  return new QueueFileError('corrupt', verdict, { warnings, cause: error })
}
