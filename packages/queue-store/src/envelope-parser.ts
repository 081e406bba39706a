import { decodeAddress } from '@posthouse/mail-address'

import { addAttribute, isValidNotify, parseAttribute } from './attribute.ts'
import { wantsExpiry, wantsFlush } from './flush-bit.ts'
import type { EnvelopeRecipient, MessageEnvelope } from './message.ts'
import { RecordType } from './record.ts'
import type { QueueRecord } from './record-reader.ts'
import { parseSizeRecord } from './size-record.ts'
import { parseTimeMs } from './time-record.ts'
import { checkVerpDelimiters } from './verp-delimiters.ts'

const EXCERPT_LENGTH = 100
const MAX_WARNINGS = 20

/** Records that `take` has no use for, and that are no reason to refuse a file (F-32). */
const IGNORED: ReadonlySet<number> = new Set([
  RecordType.fullName,
  RecordType.inspector,
  RecordType.killed,
  RecordType.returnReceipt,
  RecordType.errorsTo,
  RecordType.priority,
])

/** Attributes that are records of their own in old files (F-31). */
const ATTRIBUTE_RECORDS: ReadonlyMap<number, string> = new Map<number, string>([
  [RecordType.createTime, 'create_time'],
  [RecordType.envelopeId, 'envelope_id'],
  [RecordType.returnFlags, 'ret_flags'],
  [RecordType.dsnOriginal, 'dsn_orig_rcpt'],
  [RecordType.notify, 'notify_flags'],
])

/** The file cannot be used: `text` is what Postfix says of it (F-51). */
export class Verdict extends Error {
  override readonly name = 'Verdict'
}

/** Gathers the envelope from the records of envelope and extracted segment, content left out. */
export class EnvelopeParser {
  readonly #id: string
  readonly #verpDelimiterFilter: string
  readonly #recipients: EnvelopeRecipient[] = []
  readonly #attributes = new Map<string, string>()
  /** What is odd about the file, though no reason to refuse it; in Postfix's words. */
  readonly warnings: string[] = []

  #dataSize = 0
  #contentOffset = 0
  #contentLength = 0
  #recipientCount = 0
  #recipientsSeen = 0
  #isCountKnown = true
  #sendOptions = 0
  #sender: string | undefined
  #arrivalTimeMs: number | undefined
  #createTimeMs: number | undefined
  #encoding: MessageEnvelope['encoding'] = ''
  #contentFilter = ''
  #redirect = ''
  #warningTimeMs = 0
  #verpDelimiters: string | undefined

  // The recipient group: what was said of the recipient to come (F-41).
  #original: string | undefined
  #dsnOriginal: string | undefined
  #notify = 0

  constructor(id: string, verpDelimiterFilter: string) {
    this.#id = id
    this.#verpDelimiterFilter = verpDelimiterFilter
  }

  /** Offset of the first content record; 0 while it is not known. */
  get contentOffset(): number {
    return this.#contentOffset
  }

  /** Offset of the record behind the content. */
  get contentEnd(): number {
    return this.#contentOffset + this.#dataSize
  }

  /** Recipients that the size record promised and that were not seen; negative for a surplus. */
  get recipientsMissing(): number {
    return this.#isCountKnown ? this.#recipientCount - this.#recipientsSeen : 0
  }

  /**
   * Takes a record of the envelope or the extracted segment.
   *
   * @param next Offset of the record that follows.
   * @throws {Verdict}
   */
  take(record: QueueRecord, next: number): void {
    const { type } = record
    if (isRecipient(type)) this.#takeRecipient(record)
    else if (type === RecordType.original) this.#takeOriginal(record)
    else if (type === RecordType.attribute) this.#takeAttributeRecord(record)
    else if (type === RecordType.size) this.#takeSize(record)
    else if (type === RecordType.content) this.#takeContentStart(record, next)
    else this.#takeValue(record)
  }

  /** Call where a segment ends: what was said of a recipient that did not come is dropped. */
  endSegment(): void {
    this.#warnPending('original recipient', this.#original)
    this.#warnPending('DSN original recipient', this.#dsnOriginal)
    this.#warnPending('DSN notify flags', this.#notify === 0 ? undefined : String(this.#notify))
    this.#dropGroup()
  }

  /** The envelope, once the end record was read. @throws {Verdict} */
  finish(mode: number): MessageEnvelope {
    this.endSegment()
    const arrivalTimeMs = this.#arrivalTimeMs
    if (arrivalTimeMs === undefined) throw this.#rejected('missing arrival time record')
    if (this.#sender === undefined) throw this.#rejected('missing sender record')
    if (this.#dataSize === 0) throw this.#rejected('missing size record')
    return {
      id: this.#id,
      sender: this.#sender,
      arrivalTimeMs,
      createTimeMs: this.#createTimeMs ?? arrivalTimeMs,
      contentOffset: this.#contentOffset,
      dataSize: this.#dataSize,
      contentLength: this.#contentLength,
      recipientCount: this.#isCountKnown ? this.#recipientCount : this.#recipientsSeen,
      recipients: this.#recipients,
      encoding: this.#encoding,
      sendOptions: this.#sendOptions,
      flush: wantsFlush(mode),
      ...(wantsExpiry(mode) && { isForceExpired: true }),
      ...(this.#contentFilter === '' ? {} : { contentFilter: this.#contentFilter }),
      ...(this.#redirect === '' ? {} : { redirect: this.#redirect }),
      ...(this.#warningTimeMs > 0 ? { warningTimeMs: this.#warningTimeMs } : {}),
      ...(this.#warningTimeMs < 0 && { isDelaySent: true }),
      ...(this.#verpDelimiters === undefined ? {} : { verpDelimiters: this.#verpDelimiters }),
      attributes: this.#attributes,
    }
  }

  #takeRecipient(record: QueueRecord): void {
    this.#recipientsSeen++
    if (record.type === RecordType.recipient) {
      this.#recipients.push({
        address: text(record),
        ...(this.#original === undefined ? {} : { original: this.#original }),
        ...(this.#dsnOriginal === undefined ? {} : { dsnOriginal: this.#dsnOriginal }),
        notify: this.#notify,
        offset: record.offset,
      })
    }
    this.#dropGroup()
  }

  #takeOriginal(record: QueueRecord): void {
    this.#warnPending('original recipient', this.#original)
    this.#original = text(record)
  }

  #takeSize(record: QueueRecord): void {
    if (this.#dataSize > 0) return
    const size = parseSizeRecord(record.data.toString('latin1'))
    if ('recipientCount' in size) {
      this.#recipientCount = size.recipientCount
      this.#contentOffset = size.contentOffset
      this.#dataSize = size.dataSize
      this.#contentLength = size.contentLength
      this.#sendOptions = size.sendOptions
      return
    }
    this.#recipientCount = size.promisedRecipients
    throw new Verdict(`${this.#id}: ${size.problem}`)
  }

  // The oldest files have only one number in the size record: the `M` record has the others.
  #takeContentStart(record: QueueRecord, next: number): void {
    if (this.#dataSize === 0 || this.#contentOffset > 0) return
    const extractedOffset = Number(text(record))
    if (!(extractedOffset > next)) throw this.#rejected('weird size record')
    this.#isCountKnown = false
    this.#contentOffset = next
    this.#dataSize = extractedOffset - next
    this.#contentLength = this.#dataSize
  }

  #takeValue(record: QueueRecord): void {
    const attribute = ATTRIBUTE_RECORDS.get(record.type)
    if (attribute !== undefined) this.#takeAttribute(attribute, text(record))
    else if (record.type === RecordType.time) this.#arrivalTimeMs ??= parseTimeMs(text(record))
    else if (record.type === RecordType.sender) this.#sender ??= text(record)
    else if (record.type === RecordType.contentFilter) this.#contentFilter = text(record)
    else if (record.type === RecordType.redirect) this.#redirect = text(record)
    else if (record.type === RecordType.warningTime) {
      this.#warningTimeMs = parseTimeMs(text(record)) ?? 0
    } else if (record.type === RecordType.verpDelimiters) this.#takeVerpDelimiters(text(record))
    else if (!IGNORED.has(record.type)) throw unexpected(record)
  }

  #takeVerpDelimiters(delimiters: string): void {
    this.#verpDelimiters = checkVerpDelimiters(delimiters, this.#verpDelimiterFilter)
    if (this.#verpDelimiters !== undefined) return
    this.#warn(`ignoring bad VERP request: "${delimiters.slice(0, EXCERPT_LENGTH)}"`)
  }

  #takeAttributeRecord(record: QueueRecord): void {
    const attribute = parseAttribute(text(record))
    if ('problem' in attribute) {
      const excerpt = text(record).slice(0, EXCERPT_LENGTH)
      throw new Verdict(`${this.#id}: bad attribute record: ${attribute.problem}: ${excerpt}`)
    }
    this.#takeAttribute(attribute.name, attribute.value)
  }

  #takeAttribute(name: string, value: string): void {
    if (name === 'create_time') this.#createTimeMs ??= parseTimeMs(value)
    else if (name === 'encoding') this.#encoding = value === '7bit' || value === '8bit' ? value : ''
    else if (name === 'notify_flags') this.#takeNotify(value)
    else if (name === 'dsn_orig_rcpt') {
      this.#warnPending('DSN original recipient', this.#dsnOriginal)
      this.#dsnOriginal = value === '' ? undefined : value
    } else if (!addAttribute(this.#attributes, name, value)) {
      this.#warn(`ignoring multiple ${name} attribute: ${value.slice(0, EXCERPT_LENGTH)}`)
    }
  }

  #takeNotify(value: string): void {
    const notify = /^\d{1,9}$/.test(value) ? Number(value) : 0
    if (!isValidNotify(notify)) {
      const excerpt = value.slice(0, EXCERPT_LENGTH)
      this.#warn(`ignoring malformed DSN notify flags <${excerpt}>`)
      return
    }
    this.#warnPending('DSN notify flags', this.#notify === 0 ? undefined : String(this.#notify))
    this.#notify = notify
  }

  #dropGroup(): void {
    this.#original = undefined
    this.#dsnOriginal = undefined
    this.#notify = 0
  }

  #warnPending(what: string, value: string | undefined): void {
    if (value === undefined) return
    this.#warn(`ignoring out-of-order ${what} <${value.slice(0, EXCERPT_LENGTH)}>`)
  }

  // Files without end may hold warnings without end.
  #warn(warning: string): void {
    if (this.warnings.length < MAX_WARNINGS) this.warnings.push(`${this.#id}: ${warning}`)
  }

  #rejected(reason: string): Verdict {
    return new Verdict(`${this.#id}: message rejected: ${reason}`)
  }
}

/** The verdict on a record that may not be where it is. */
export function unexpected({ type, offset }: QueueRecord): Verdict {
  const letter = type > 0x20 && type < 0x7f ? String.fromCharCode(type) : '?'
  return new Verdict(`Unexpected record type '${letter}' at offset ${offset}`)
}

function isRecipient(type: number): boolean {
  return type === RecordType.recipient || type === RecordType.done || type === RecordType.cancelled
}

// Readers of queue files are C programs: text ends at the first NUL (F-30).
function text({ data }: QueueRecord): string {
  const nul = data.indexOf(0)
  return decodeAddress(nul < 0 ? data : data.subarray(0, nul))
}
