import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import { addAttribute, isValidNotify, trimSpaces } from './attribute.ts'
import { QueueFileError } from './errors.ts'
import type { EnvelopeRecipient, MessageEnvelope, NewMessage, NewRecipient } from './message.ts'
import { RecordType } from './record.ts'
import { RecordWriter } from './record-writer.ts'
import { column, formatSizeRecord, SIZE_RECORD_BYTES } from './size-record.ts'
import { formatSeconds, formatTime, parseTimeMs } from './time-record.ts'
import { checkVerpDelimiters } from './verp-delimiters.ts'

const ATTRIBUTE_NAME = /^[A-Za-z0-9_.-]+$/
/** Attributes that would change the meaning of records around them. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'create_time',
  'notify_flags',
  'dsn_orig_rcpt',
])
const SIZE_RECORD_OFFSET = 2 // Behind type and length.
const NO_SIZES = ' '.repeat(SIZE_RECORD_BYTES)
const EXPECTED_ENVELOPE_BYTES = 1024
const EXPECTED_RECIPIENT_BYTES = 128

/** A queue file in memory. */
export interface EncodedMessage {
  /** The file: to be written one after the other. */
  readonly buffers: readonly Uint8Array[]
  readonly envelope: MessageEnvelope
}

/**
 * Makes the bytes of a queue file (F-46, F-47, Q-902), and the envelope as a reader of that file
 * would find it: times cut to what the file keeps, text cut at its first NUL.
 *
 * @throws {QueueFileError} `too-large`
 * @throws {TypeError} for what could not be read back.
 */
export function encodeMessage(
  id: string,
  createTimeMs: number,
  message: NewMessage,
  verpDelimiterFilter: string,
): EncodedMessage {
  checkMessage(message)
  const encoder = new MessageEncoder(message)
  const { content, maxFileBytes = 0 } = message
  encoder.writeEnvelope(createTimeMs)
  const contentOffset = encoder.length
  encoder.writeExtracted(content.length)
  const fileBytes = encoder.length + content.length
  if (maxFileBytes > 0 && fileBytes > maxFileBytes) {
    const text = `expected a queue file of at most ${maxFileBytes} bytes, not ${fileBytes}`
    throw new QueueFileError('too-large', text)
  }
  const sizes = { dataSize: content.length, contentOffset, contentLength: content.length }
  const written = encoder.finish(sizes)
  const contentFilter = asRead(message.filter || (message.contentFilter ?? ''))
  const redirect = asRead(message.redirect ?? '')
  const warningMs = warningTimeMs(message)
  const delimiters = verpDelimiters(message, verpDelimiterFilter)
  return {
    buffers: [written.subarray(0, contentOffset), content, written.subarray(contentOffset)],
    envelope: {
      id,
      sender: asRead(message.sender),
      arrivalTimeMs: Math.round(message.arrivalTimeMs * 1000) / 1000,
      createTimeMs: Math.floor(createTimeMs / 1000) * 1000,
      ...sizes,
      recipientCount: encoder.recipients.length,
      recipients: encoder.recipients,
      encoding: message.encoding ?? encoder.encoding,
      sendOptions: message.sendOptions ?? 0,
      flush: false,
      ...(contentFilter !== '' && { contentFilter }),
      ...(redirect !== '' && { redirect }),
      ...(warningMs !== undefined && { warningTimeMs: warningMs }),
      ...(delimiters && { verpDelimiters: delimiters }),
      attributes: encoder.attributes,
    },
  }
}

class MessageEncoder {
  readonly attributes = new Map<string, string>()
  readonly recipients: EnvelopeRecipient[] = []
  /** What an `encoding` attribute of the envelope said. */
  encoding: MessageEnvelope['encoding'] = ''
  readonly #message: NewMessage
  readonly #records: RecordWriter
  #requested = 0 // The NOTIFY bits that the sender asked for, so not those of `extraRecipients`.

  constructor(message: NewMessage) {
    const recipients = message.recipients.length + (message.extraRecipients?.length ?? 0)
    this.#message = message
    this.#records = new RecordWriter(
      EXPECTED_ENVELOPE_BYTES + recipients * EXPECTED_RECIPIENT_BYTES,
    )
  }

  get length(): number {
    return this.#records.length
  }

  writeEnvelope(createTimeMs: number): void {
    const records = this.#records
    const message = this.#message
    records.record(RecordType.size, NO_SIZES)
    records.record(RecordType.time, formatTime(message.arrivalTimeMs))
    records.record(RecordType.attribute, `create_time=${formatSeconds(createTimeMs)}`)
    if (message.contentFilter) records.record(RecordType.contentFilter, message.contentFilter)
    records.record(RecordType.sender, message.sender)
    if (message.verpDelimiters) records.record(RecordType.verpDelimiters, message.verpDelimiters)
    for (const [name, value] of message.attributes) this.#writeAttribute(name, value)
    if (message.warningTimeMs !== undefined) {
      records.record(RecordType.warningTime, column(Math.floor(message.warningTimeMs / 1000)))
    }
    for (const recipient of message.recipients) {
      this.#requested |= recipient.notify ?? 0
      this.#writeRecipient(recipient, 0)
    }
    records.record(RecordType.content, '')
  }

  writeExtracted(contentBytes: number): void {
    const records = this.#records
    const message = this.#message
    records.record(RecordType.extracted, '')
    if (message.filter) records.record(RecordType.contentFilter, message.filter)
    if (message.redirect) records.record(RecordType.redirect, message.redirect)
    if (message.messageId) this.#writeAttribute('message_id', message.messageId)
    if (message.encoding) records.record(RecordType.attribute, `encoding=${message.encoding}`)
    for (const recipient of message.extraRecipients ?? []) {
      this.#writeRecipient(recipient, contentBytes)
    }
    records.record(RecordType.end, '')
  }

  finish(sizes: { dataSize: number; contentOffset: number; contentLength: number }): Buffer {
    const recipientCount = this.recipients.length
    const flags = this.#requested << 1
    const sendOptions = this.#message.sendOptions ?? 0
    const text = formatSizeRecord({ ...sizes, recipientCount, flags, sendOptions })
    this.#records.overwrite(SIZE_RECORD_OFFSET, text)
    return this.#records.finish()
  }

  #writeAttribute(name: string, value: string): void {
    this.#records.record(RecordType.attribute, `${name}=${value}`)
    const read = trimSpaces(asRead(value))
    if (name !== 'encoding') addAttribute(this.attributes, name, read)
    else this.encoding = read === '7bit' || read === '8bit' ? read : ''
  }

  #writeRecipient(recipient: NewRecipient, contentBytes: number): void {
    const records = this.#records
    const { address, original, dsnOriginal = '', notify = 0 } = recipient
    if (notify > 0) records.record(RecordType.attribute, `notify_flags=${notify}`)
    if (dsnOriginal !== '') records.record(RecordType.attribute, `dsn_orig_rcpt=${dsnOriginal}`)
    records.record(RecordType.original, original)
    const offset = records.length + contentBytes
    records.record(RecordType.recipient, address)
    const read = { address: asRead(address), original: asRead(original), notify, offset }
    const dsnRead = dsnOriginal === '' ? '' : trimSpaces(asRead(dsnOriginal))
    this.recipients.push(dsnRead === '' ? read : { ...read, dsnOriginal: dsnRead })
  }
}

// A file that we could not read back, or that means something else, must not come to be.
function checkMessage(message: NewMessage): void {
  if (message.content.length === 0) throw new TypeError('expected content records')
  for (const [name] of message.attributes) {
    if (!ATTRIBUTE_NAME.test(name) || RESERVED_NAMES.has(name)) {
      throw new TypeError(`expected the name of an attribute, not ${JSON.stringify(name)}`)
    }
  }
  message.recipients.forEach(checkNotify)
  message.extraRecipients?.forEach(checkNotify)
}

function checkNotify({ notify = 0 }: NewRecipient): void {
  if (notify !== 0 && !isValidNotify(notify)) {
    throw new TypeError(`expected NOTIFY flags of 1, or a sum of 2, 4 and 8, not ${notify}`)
  }
}

function warningTimeMs({ warningTimeMs }: NewMessage): number | undefined {
  if (warningTimeMs === undefined) return undefined
  const read = parseTimeMs(formatSeconds(warningTimeMs)) ?? 0
  return read > 0 ? read : undefined
}

function verpDelimiters(message: NewMessage, filter: string): string | undefined {
  return message.verpDelimiters && checkVerpDelimiters(message.verpDelimiters, filter)
}

/** Text as it comes back from a file. */
function asRead(text: string): string {
  const read = text.isWellFormed() ? text : decodeAddress(encodeAddress(text))
  const nul = read.indexOf('\0')
  return nul < 0 ? read : read.slice(0, nul)
}
