import { addAttribute, parseAttribute } from './attribute.ts'
import { wantsExpiry, wantsFlush } from './flush-bit.ts'
import type { MessageEnvelope } from './message.ts'
import { RecipientGroups, text } from './recipient-groups.ts'
import { RecordType } from './record.ts'
import type { QueueRecord } from './record-reader.ts'
import { MIXED, parseSizeRecord, SUCCESS_ASKED } from './size-record.ts'
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
  readonly #groups: RecipientGroups
  readonly #attributes = new Map<string, string>()
  /** What is odd about the file, though no reason to refuse it; in Postfix's words. */
  readonly warnings: string[] = []

  #dataSize = 0
  #contentOffset = 0
  #contentLength = 0
  #recipientCount = 0
  #isCountKnown = true
  #isMixed = true
  #isSuccessAsked = false
  #sendOptions = 0
  #sender: string | undefined
  #arrivalTimeMs: number | undefined
  #createTimeMs: number | undefined
  #encoding: MessageEnvelope['encoding'] = ''
  #contentFilter = ''
  #redirect = ''
  #warningTimeMs = 0
  #verpDelimiters: string | undefined

  /** @param limit Recipients to take; the others are left for later. */
  constructor(id: string, verpDelimiterFilter: string, limit: number) {
    this.#id = id
    this.#verpDelimiterFilter = verpDelimiterFilter
    this.#groups = new RecipientGroups(limit, (warning) => this.#warn(warning))
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
    return this.#isCountKnown && !this.isFull ? this.#recipientCount - this.#groups.seen : 0
  }

  /** There are more recipients than it takes. */
  get isFull(): boolean {
    return this.#groups.isFull
  }

  /** The records that are left in this segment are about recipients, and nothing else (S-18). */
  get isPure(): boolean {
    return !this.#isMixed
  }

  /**
   * Takes a record of the envelope or the extracted segment.
   *
   * @param next Offset of the record that follows.
   * @throws {Verdict}
   */
  take(record: QueueRecord, next: number): void {
    const { type } = record
    if (this.#groups.take(record)) return
    if (type === RecordType.original) this.#groups.takeOriginal(record)
    else if (type === RecordType.attribute) this.#takeAttributeRecord(record)
    else if (type === RecordType.size) this.#takeSize(record)
    else if (type === RecordType.content) this.#takeContentStart(record, next)
    else this.#takeValue(record)
  }

  /** Call where a segment ends: what was said of a recipient that did not come is dropped. */
  endSegment(): void {
    if (this.isFull) this.#groups.drop()
    else this.#groups.end()
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
      recipientCount: this.#isCountKnown ? this.#recipientCount : this.#groups.seen,
      recipients: this.#groups.recipients,
      ...this.#unread(),
      encoding: this.#encoding,
      sendOptions: this.#sendOptions,
      flush: wantsFlush(mode),
      ...(wantsExpiry(mode) && { isForceExpired: true }),
      ...(this.#contentFilter === '' ? {} : { contentFilter: this.#contentFilter }),
      ...(this.#redirect === '' ? {} : { redirect: this.#redirect }),
      ...(this.#isSuccessAsked && { isSuccessAsked: true }),
      ...(this.#warningTimeMs > 0 ? { warningTimeMs: this.#warningTimeMs } : {}),
      ...(this.#warningTimeMs < 0 && { isDelaySent: true }),
      ...(this.#verpDelimiters === undefined ? {} : { verpDelimiters: this.#verpDelimiters }),
      attributes: this.#attributes,
    }
  }

  #unread(): Pick<MessageEnvelope, 'unread'> {
    const { isFull, seen, lastOffset = 0 } = this.#groups
    if (!isFull) return {}
    return { unread: { atMost: Math.max(1, this.#recipientCount - seen), behind: lastOffset } }
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
      this.#isMixed = (size.flags & MIXED) !== 0
      this.#isSuccessAsked = (size.flags & SUCCESS_ASKED) !== 0
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
    else if (name === 'notify_flags') this.#groups.takeNotify(value)
    else if (name === 'dsn_orig_rcpt') this.#groups.takeDsnOriginal(value)
    else if (addAttribute(this.#attributes, name, value) === 'repeated') {
      this.#warn(`ignoring multiple ${name} attribute: ${value.slice(0, EXCERPT_LENGTH)}`)
    }
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
