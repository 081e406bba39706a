import { EnvelopeParser, unexpected, Verdict } from './envelope-parser.ts'
import { QueueFileError } from './errors.ts'
import type { MessageEnvelope } from './message.ts'
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
  const parser = new EnvelopeParser(source.id, source.verpDelimiterFilter)
  try {
    await readSegments(reader, parser, source.id)
    const envelope = parser.finish(source.mode)
    for (const warning of parser.warnings) source.warn(warning)
    const mismatch = countMismatch(parser, source.id)
    if (mismatch !== undefined) source.warn(mismatch)
    return envelope
  } catch (error) {
    throw corrupt(error, parser, source)
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
    if (isContentAhead && reader.position === parser.contentOffset) {
      isContentAhead = false
      parser.endSegment()
      await skipContent(reader, parser.contentEnd, id)
    }
  }
}

async function skipContent(reader: RecordReader, contentEnd: number, id: string): Promise<void> {
  reader.seek(contentEnd)
  let record = reader.next()
  while (record === 'more') {
    await reader.fill()
    record = reader.next()
  }
  if (isMissing(record)) throw missingEnd(id)
  if (record.type !== RecordType.extracted) throw unexpected(record)
}

// A record of type 0 is what a hole in the file looks like.
function isMissing(record: QueueRecord | 'end'): record is 'end' {
  return record === 'end' || record.type === 0
}

function missingEnd(id: string): Verdict {
  return new Verdict(`${id}: message rejected: missing end record`)
}

function countMismatch(parser: EnvelopeParser, id: string): string | undefined {
  const missing = parser.recipientsMissing
  return missing === 0 ? undefined : `${id}: rcpt count mismatch (${missing})`
}

// What is not a verdict on the file, such as an input error, passes unchanged.
function corrupt(error: unknown, parser: EnvelopeParser, source: EnvelopeSource): unknown {
  const warnings = [...parser.warnings]
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
  const mismatch = countMismatch(parser, source.id)
  if (mismatch !== undefined) warnings.push(mismatch)
  return new QueueFileError('corrupt', verdict, { warnings, cause: error })
}
