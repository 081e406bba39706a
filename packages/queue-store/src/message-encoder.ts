import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

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
import { column, formatSizeRecord, SIZE_RECORD_BYTES, SUCCESS_ASKED } from './size-record.ts'
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
const NO_SIZES = ' '.repeat(SIZE_RECORD_BYTES)
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
  #encoding: MessageEnvelope['encoding'] = '' // What an `encoding` attribute of the envelope said.
  #requested = 0 // The NOTIFY bits that the sender asked for, so not those of `extraRecipients`.

  /** @throws {TypeError} for what could not be read back. */
  constructor(id: string, createTimeMs: number, envelope: NewEnvelope, verpFilter: string) {
    checkEnvelope(envelope)
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
    return this.#records.finish()
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
    message.lateRecipients?.forEach(checkNotify)
    message.extraRecipients?.forEach(checkNotify)
    this.#writeExtracted(message, contentBytes)
    const { contentOffset } = this
    expectRoom(this.#records.length + contentBytes, this.#new)
    const sizes = { dataSize: contentBytes, contentOffset, contentLength: contentBytes }
    const recipientCount = this.#recipients.length
    const { sendOptions = 0 } = message
    const flags = this.#requested << 1
    const text = formatSizeRecord({ ...sizes, recipientCount, flags, sendOptions })
    this.#records.overwrite(SIZE_RECORD_OFFSET, text)
    const written = this.#records.finish()
    const envelope = this.#envelope(message, sizes)
    const head = written.subarray(0, contentOffset)
    return { head, tail: written.subarray(contentOffset), envelope }
  }

  #envelope(
    message: NewContent,
    sizes: Pick<MessageEnvelope, 'dataSize' | 'contentOffset' | 'contentLength'>,
  ): MessageEnvelope {
    const { sender, arrivalTimeMs } = this.#new
    const contentFilter = asRead(message.filter || (this.#new.contentFilter ?? ''))
    const redirect = asRead(message.redirect ?? '')
    const warningMs = warningTimeMs(this.#new)
    return {
      id: this.#id,
      sender: asRead(sender),
      arrivalTimeMs: Math.round(arrivalTimeMs * 1000) / 1000,
      createTimeMs: Math.floor(this.#createTimeMs / 1000) * 1000,
      ...sizes,
      recipientCount: this.#recipients.length,
      recipients: this.#recipients,
      encoding: message.encoding ?? this.#encoding,
      sendOptions: message.sendOptions ?? 0,
      flush: false,
      ...(((this.#requested << 1) & SUCCESS_ASKED) !== 0 && { isSuccessAsked: true }),
      ...(contentFilter !== '' && { contentFilter }),
      ...(redirect !== '' && { redirect }),
      ...(warningMs !== undefined && { warningTimeMs: warningMs }),
      ...(this.#verpDelimiters && { verpDelimiters: this.#verpDelimiters }),
      attributes: this.#attributes,
    }
  }

  #writeEnvelope(): void {
    const records = this.#records
    const message = this.#new
    records.record(RecordType.size, NO_SIZES)
    records.record(RecordType.time, formatTime(message.arrivalTimeMs))
    records.record(RecordType.attribute, `create_time=${formatSeconds(this.#createTimeMs)}`)
    if (message.contentFilter) records.record(RecordType.contentFilter, message.contentFilter)
    for (const [name, value] of message.leadingAttributes ?? []) this.#writeAttribute(name, value)
    if (message.fullName) records.record(RecordType.fullName, message.fullName)
    records.record(RecordType.sender, message.sender)
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
    if (message.filter) records.record(RecordType.contentFilter, message.filter)
    if (message.redirect) records.record(RecordType.redirect, message.redirect)
    if (message.messageId) this.#writeAttribute('message_id', message.messageId)
    if (message.encoding) records.record(RecordType.attribute, `encoding=${message.encoding}`)
    for (const recipient of message.lateRecipients ?? []) {
      this.#requested |= asked(recipient)
      this.#writeRecipient(recipient, contentBytes)
    }
    for (const recipient of message.extraRecipients ?? []) {
      this.#writeRecipient(recipient, contentBytes)
    }
    records.record(RecordType.end, '')
  }

  #writeAttribute(name: string, value: string): void {
    this.#records.record(RecordType.attribute, `${name}=${value}`)
    const read = trimSpaces(asRead(value))
    if (name !== 'encoding') addAttribute(this.#attributes, name, read)
    else this.#encoding = read === '7bit' || read === '8bit' ? read : ''
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
    this.#recipients.push(dsnRead === '' ? read : { ...read, dsnOriginal: dsnRead })
  }
}

/** @throws {QueueFileError} `too-large` */
function expectRoom(fileBytes: number, { maxFileBytes = 0 }: NewEnvelope): void {
  if (maxFileBytes <= 0 || fileBytes <= maxFileBytes) return
  const text = `expected a queue file of at most ${maxFileBytes} bytes, not ${fileBytes}`
  throw new QueueFileError('too-large', text)
}

// A file that we could not read back, or that means something else, must not come to be.
function checkEnvelope({ leadingAttributes = [], attributes, recipients }: NewEnvelope): void {
  leadingAttributes.forEach(checkAttribute)
  attributes.forEach(checkAttribute)
  recipients.forEach(checkNotify)
}

function asked({ notify = 0, notifyAsked = notify }: NewRecipient): number {
  return notifyAsked
}

function checkAttribute([name]: readonly [name: string, value: string]): void {
  if (ATTRIBUTE_NAME.test(name) && !RESERVED_NAMES.has(name)) return
  throw new TypeError(`expected the name of an attribute, not ${JSON.stringify(name)}`)
}

function checkNotify({ notify = 0 }: NewRecipient): void {
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

/** Text as it comes back from a file. */
function asRead(text: string): string {
  const read = text.isWellFormed() ? text : decodeAddress(encodeAddress(text))
  const nul = read.indexOf('\0')
  return nul < 0 ? read : read.slice(0, nul)
}
