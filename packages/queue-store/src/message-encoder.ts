import { addAttribute, isValidNotify, trimSpaces } from './attribute.ts'
import { QueueFileError } from './errors.ts'
import type {
  EnvelopeRecipient,
  MessageEnvelope,
  NewContent,
  NewEnvelope,
  NewRecipient,
} from './message.ts'
import { RecordType } from './record.ts'
import { RecordWriter } from './record-writer.ts'
import { column, NUMBER_ENDS, SIZE_RECORD_BYTES, SUCCESS_ASKED } from './size-record.ts'
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
/** The size record at the start of a file, with type and length. */
export const SIZE_RECORD_FILE_BYTES: number = SIZE_RECORD_OFFSET + SIZE_RECORD_BYTES
const EXPECTED_ENVELOPE_BYTES = 1024
const EXPECTED_RECIPIENT_BYTES = 128

/** What a queue file is made of beside its content, and the envelope as its reader finds it. */
export interface EncodedMessage {
  /** What goes before the content. Begins with the size record, of `SIZE_RECORD_FILE_BYTES`. */
  readonly head: Uint8Array
  /** What goes behind it. */
  readonly tail: Uint8Array
  readonly envelope: MessageEnvelope
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/**
 * Makes the bytes of a queue file around its content (F-46, F-47, Q-902), and the envelope as a
 * reader of that file would find it: times cut to what the file keeps, text cut at its first NUL.
 */
export class MessageEncoder {
  /** Where the content begins. */
  readonly contentOffset: number
  readonly #id: string
  readonly #createTimeMs: number
  readonly #new: NewEnvelope
  readonly #verpDelimiters: string | undefined
  readonly #records: RecordWriter
  readonly #attributes = new Map<string, string>()
  readonly #recipients: EnvelopeRecipient[] = []
  // As a reader finds them:
  #sender = ''
  #contentFilter = ''
  #redirect = ''
  #encoding: MessageEnvelope['encoding'] = '' // What an `encoding` attribute of the envelope said.
  #requested = 0 // The NOTIFY bits that the sender asked for, so not those of `extraRecipients`.

  /** @throws {TypeError} for what could not be read back. */
  constructor(id: string, createTimeMs: number, envelope: NewEnvelope, verpFilter: string) {
    this.#id = id
    this.#createTimeMs = createTimeMs
    this.#new = envelope
    this.#verpDelimiters = verpDelimiters(envelope, verpFilter)
    this.#records = new RecordWriter(
      EXPECTED_ENVELOPE_BYTES + envelope.recipients.length * EXPECTED_RECIPIENT_BYTES,
    )
    this.#writeEnvelope()
    this.contentOffset = this.#records.length
  }

  /** What goes before the content; its size record is blank, so that no reader takes the file. */
  get blankHead(): Uint8Array {
    return this.#records.written()
  }

  /** Bytes that the content may have, at the most. Negative: the envelope alone is too large. */
  get room(): number {
    const { maxFileBytes = 0 } = this.#new
    return maxFileBytes > 0 ? maxFileBytes - this.contentOffset : Number.POSITIVE_INFINITY
  }

  /** @throws {QueueFileError} `too-large`: not so many bytes of content. */
  expectRoomFor(contentBytes: number): void {
    expectRoom(this.contentOffset + contentBytes, this.#new)
  }

  /**
   * Completes the file; once.
   *
   * @param contentBytes Of all content records.
   * @throws {QueueFileError} `too-large`
   * @throws {TypeError} for what could not be read back.
   */
  finish(message: NewContent, contentBytes: number): EncodedMessage {
    if (contentBytes === 0) throw new TypeError('expected content records')
    this.#writeExtracted(message, contentBytes)
    const { contentOffset } = this
    expectRoom(this.#records.length + contentBytes, this.#new)
    const { length } = this.#recipients
    const flags = this.#requested << 1
    const { sendOptions = 0 } = message
    this.#writeSizes([contentBytes, contentOffset, length, flags, contentBytes, sendOptions])
    const head = this.#records.written(0, contentOffset)
    const tail = this.#records.written(contentOffset)
    return { head, tail, envelope: this.#envelope(message, contentBytes) }
  }

  #envelope(message: NewContent, contentBytes: number): MessageEnvelope {
    const envelope: Mutable<MessageEnvelope> = {
      id: this.#id,
      sender: this.#sender,
      arrivalTimeMs: Math.round(this.#new.arrivalTimeMs * 1000) / 1000,
      createTimeMs: Math.floor(this.#createTimeMs / 1000) * 1000,
      dataSize: contentBytes,
      contentOffset: this.contentOffset,
      contentLength: contentBytes,
      recipientCount: this.#recipients.length,
      recipients: this.#recipients,
      encoding: message.encoding ?? this.#encoding,
      sendOptions: message.sendOptions ?? 0,
      flush: false,
      attributes: this.#attributes,
    }
    const warningMs = warningTimeMs(this.#new)
    if (((this.#requested << 1) & SUCCESS_ASKED) !== 0) envelope.isSuccessAsked = true
    if (this.#contentFilter !== '') envelope.contentFilter = this.#contentFilter
    if (this.#redirect !== '') envelope.redirect = this.#redirect
    if (warningMs !== undefined) envelope.warningTimeMs = warningMs
    if (this.#verpDelimiters) envelope.verpDelimiters = this.#verpDelimiters
    return envelope
  }

  #writeEnvelope(): void {
    const records = this.#records
    const message = this.#new
    records.blanks(RecordType.size, SIZE_RECORD_BYTES)
    records.record(RecordType.time, formatTime(message.arrivalTimeMs))
    records.attribute('create_time', formatSeconds(this.#createTimeMs))
    if (message.contentFilter) this.#writeFilter(message.contentFilter)
    for (const [name, value] of message.leadingAttributes ?? []) this.#writeAttribute(name, value)
    if (message.fullName) records.record(RecordType.fullName, message.fullName)
    this.#sender = records.record(RecordType.sender, message.sender)
    if (message.verpDelimiters) records.record(RecordType.verpDelimiters, message.verpDelimiters)
    for (const [name, value] of message.attributes) this.#writeAttribute(name, value)
    if (message.warningTimeMs !== undefined) {
      records.record(RecordType.warningTime, column(Math.floor(message.warningTimeMs / 1000)))
    }
    for (const recipient of message.recipients) {
      this.#requested |= asked(recipient)
      this.#writeRecipient(recipient, 0)
    }
    records.record(RecordType.content, '')
  }

  #writeExtracted(message: NewContent, contentBytes: number): void {
    const records = this.#records
    records.record(RecordType.extracted, '')
    if (message.filter) this.#writeFilter(message.filter)
    const { redirect } = message
    if (redirect) this.#redirect = records.record(RecordType.redirect, redirect)
    if (message.messageId) this.#writeAttribute('message_id', message.messageId)
    if (message.encoding) records.attribute('encoding', message.encoding)
    for (const recipient of message.lateRecipients ?? []) {
      this.#requested |= asked(recipient)
      this.#writeRecipient(recipient, contentBytes)
    }
    for (const recipient of message.extraRecipients ?? []) {
      this.#writeRecipient(recipient, contentBytes)
    }
    records.record(RecordType.end, '')
  }

  #writeFilter(filter: string): void {
    this.#contentFilter = this.#records.record(RecordType.contentFilter, filter)
  }

  /** @param numbers In the order of `SizeRecord`. */
  #writeSizes(numbers: readonly number[]): void {
    for (let index = 0; index < numbers.length; index++) {
      const end = SIZE_RECORD_OFFSET + NUMBER_ENDS[index]!
      this.#records.overwriteBefore(end, String(numbers[index]))
    }
  }

  #writeAttribute(name: string, value: string): void {
    const read = trimSpaces(this.#records.attribute(name, value))
    if (name === 'encoding') this.#encoding = read === '7bit' || read === '8bit' ? read : ''
    else if (addAttribute(this.#attributes, name, read) === 'unknown') checkName(name)
  }

  #writeRecipient(recipient: NewRecipient, contentBytes: number): void {
    const records = this.#records
    const { notify = 0, dsnOriginal = '' } = recipient
    checkNotify(notify)
    if (notify > 0) records.attribute('notify_flags', String(notify))
    const dsnRead =
      dsnOriginal === '' ? '' : trimSpaces(records.attribute('dsn_orig_rcpt', dsnOriginal))
    const original = records.record(RecordType.original, recipient.original)
    const offset = records.length + contentBytes
    const address = records.record(RecordType.recipient, recipient.address)
    const read: Mutable<EnvelopeRecipient> = { address, original, notify, offset }
    if (dsnRead !== '') read.dsnOriginal = dsnRead
    this.#recipients.push(read)
  }
}

/** @throws {QueueFileError} `too-large` */
function expectRoom(fileBytes: number, { maxFileBytes = 0 }: NewEnvelope): void {
  if (maxFileBytes <= 0 || fileBytes <= maxFileBytes) return
  const text = `expected a queue file of at most ${maxFileBytes} bytes, not ${fileBytes}`
  throw new QueueFileError('too-large', text)
}

function asked({ notify = 0, notifyAsked = notify }: NewRecipient): number {
  return notifyAsked
}

// A file that we could not read back, or that means something else, must not come to be.
function checkName(name: string): void {
  if (ATTRIBUTE_NAME.test(name) && !RESERVED_NAMES.has(name)) return
  throw new TypeError(`expected the name of an attribute, not ${JSON.stringify(name)}`)
}

function checkNotify(notify: number): void {
  if (notify !== 0 && !isValidNotify(notify)) {
    throw new TypeError(`expected NOTIFY flags of 1, or a sum of 2, 4 and 8, not ${notify}`)
  }
}

function warningTimeMs({ warningTimeMs }: NewEnvelope): number | undefined {
  if (warningTimeMs === undefined) return undefined
  const read = parseTimeMs(formatSeconds(warningTimeMs)) ?? 0
  return read > 0 ? read : undefined
}

function verpDelimiters(message: NewEnvelope, filter: string): string | undefined {
  return message.verpDelimiters && checkVerpDelimiters(message.verpDelimiters, filter)
}
