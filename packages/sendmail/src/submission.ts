import { encodeAddress } from '@posthouse/mail-address'
import { encodeRecord, formatSizeRecord, RecordType } from '@posthouse/queue-store'

import { SendmailError } from './errors.ts'
import { HeaderRecipients, type HeaderRecipientsOptions } from './header-recipients.ts'
import { MessageLines, type MessageLinesOptions, type TextPiece } from './message-lines.ts'

/** The envelope of a message that is handed in. Addresses in internal form. */
export interface Submission {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly fullName: string | undefined
  readonly rewriteContext: 'local' | 'remote'
  /** Bits of F-34 that were asked for. */
  readonly sendOptions: number
  /** NOTIFY of each recipient; 0: not requested. */
  readonly notify: number
  /** 0: not requested. */
  readonly returnFlags: number
  readonly envelopeId: string
  readonly encoding: '7bit' | '8bit' | undefined
  /** 512: a probe, 1024: with a report; 0: neither. */
  readonly traceFlags: number
  readonly verpDelimiters: string | undefined
}

/** How the message is read. */
export interface ReadingOptions extends MessageLinesOptions, HeaderRecipientsOptions {
  /** Recipients are in the header, too. */
  readonly readsRecipients: boolean
}

/**
 * The records of a message as postdrop(1) takes them (F-46, F-92), read as they are asked for.
 *
 * @throws {SendmailError} as a rejection: the message names nobody.
 */
export async function* submissionRecords(
  submission: Submission,
  input: AsyncIterable<Uint8Array>,
  options: ReadingOptions,
): AsyncGenerator<Buffer> {
  yield envelopeRecords(submission)
  const lines = new MessageLines(options)
  const header = options.readsRecipients ? new HeaderRecipients(options) : undefined
  const take = (pieces: readonly TextPiece[]): Buffer => {
    for (const piece of pieces) header?.push(piece)
    return textRecords(pieces)
  }
  for await (const chunk of input) {
    yield take(lines.push(asBuffer(chunk)))
    if (lines.isOver) break
  }
  const last = take(lines.end())
  yield Buffer.concat([last, endRecords(submission, header?.finish() ?? [])])
}

/** The records of a probe (`-bv`), which brings a message of its own. */
export function probeRecords(submission: Submission, operands: readonly string[]): Buffer {
  const { sender } = submission
  const from = sender === '' ? [] : [line(`From: ${sender}`)]
  const to = operands.map((operand, at) => `\t${operand}${at + 1 < operands.length ? ',' : ''}`)
  const pieces = [
    ...from,
    line('Subject: probe'),
    { isEndOfLine: false, bytes: Buffer.from('To:') }, // What follows continues that line.
    ...to.map(line),
  ]
  return Buffer.concat([
    envelopeRecords(submission),
    textRecords(pieces),
    endRecords(submission, []),
  ])
}

function envelopeRecords(submission: Submission): Buffer {
  const { envelopeId, returnFlags, fullName, encoding, traceFlags, verpDelimiters } = submission
  const { sendOptions } = submission
  return Buffer.concat([
    ...(sendOptions === 0 ? [] : [sizeRecord(sendOptions)]),
    ...(envelopeId === '' ? [] : [attribute('envelope_id', envelopeId)]),
    ...(returnFlags === 0 ? [] : [attribute('ret_flags', String(returnFlags))]),
    attribute('rewrite_context', submission.rewriteContext),
    ...(fullName === undefined ? [] : [textRecord(RecordType.fullName, fullName)]),
    textRecord(RecordType.sender, submission.sender),
    ...(encoding === undefined ? [] : [attribute('encoding', encoding)]),
    ...(traceFlags === 0 ? [] : [attribute('trace_flags', String(traceFlags))]),
    ...(verpDelimiters === undefined
      ? []
      : [textRecord(RecordType.verpDelimiters, verpDelimiters)]),
    ...recipientRecords(submission.recipients, submission.notify),
    textRecord(RecordType.content, ''),
  ])
}

/** Nothing but the options is known before the message is. */
function sizeRecord(sendOptions: number): Buffer {
  const unknown = { dataSize: -1, contentOffset: -1, recipientCount: -1, flags: -1 }
  const text = formatSizeRecord({ ...unknown, contentLength: -1, sendOptions })
  return textRecord(RecordType.size, text)
}

function endRecords({ recipients, notify }: Submission, late: readonly string[]): Buffer {
  if (recipients.length === 0 && late.length === 0) {
    throw new SendmailError('No recipient addresses found in message header')
  }
  return Buffer.concat([
    textRecord(RecordType.extracted, ''),
    ...recipientRecords(late, notify),
    textRecord(RecordType.end, ''),
  ])
}

function recipientRecords(recipients: readonly string[], notify: number): Buffer[] {
  const flags = notify === 0 ? [] : [attribute('notify_flags', String(notify))]
  return recipients.flatMap((address) => [...flags, textRecord(RecordType.recipient, address)])
}

/** Lines and pieces of lines. */
export function textRecords(pieces: readonly TextPiece[]): Buffer {
  return Buffer.concat(
    pieces.map(({ isEndOfLine, bytes }) =>
      encodeRecord(isEndOfLine ? RecordType.text : RecordType.partialText, bytes),
    ),
  )
}

function line(text: string): TextPiece {
  return { isEndOfLine: true, bytes: encodeAddress(text) }
}

/** An `A` record (F-39). */
export function attribute(name: string, value: string): Buffer {
  return textRecord(RecordType.attribute, `${name}=${value}`)
}

/** A record whose text may hold addresses. */
export function textRecord(type: number, text: string): Buffer {
  return encodeRecord(type, encodeAddress(text))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
