import { decodeAddress } from '@posthouse/mail-address'

import { isValidNotify } from './attribute.ts'
import type { EnvelopeRecipient } from './message.ts'
import { RecordType } from './record.ts'
import type { QueueRecord } from './record-reader.ts'

const EXCERPT_LENGTH = 100

/** Gathers recipients, each with what the records before it say of it (F-41). */
export class RecipientGroups {
  readonly #limit: number
  readonly #warn: (warning: string) => void
  readonly recipients: EnvelopeRecipient[] = []
  /** Recipients that were passed, those that are done among them. */
  seen = 0
  /** Where the last of these is; undefined when there was none. */
  lastOffset: number | undefined
  /** One recipient more than the limit came, and is left for the next time. */
  isFull = false
  #original: string | undefined
  #dsnOriginal: string | undefined
  #notify = 0

  /** @param limit Recipients to take, of those that are still to do. */
  constructor(limit: number, warn: (warning: string) => void) {
    this.#limit = limit
    this.#warn = warn
  }

  /** Takes a record if it is the one of a recipient: to do, done or cancelled. */
  take(record: QueueRecord): boolean {
    if (!isRecipient(record)) return false
    const isToDo = record.type === RecordType.recipient
    this.isFull ||= isToDo && this.recipients.length >= this.#limit
    if (!this.isFull) {
      if (isToDo) this.#add(record)
      this.seen += 1
      this.lastOffset = record.offset
    }
    this.drop()
    return true
  }

  takeOriginal(record: QueueRecord): void {
    this.#warnPending('original recipient', this.#original)
    this.#original = text(record)
  }

  takeDsnOriginal(value: string): void {
    this.#warnPending('DSN original recipient', this.#dsnOriginal)
    this.#dsnOriginal = value === '' ? undefined : value
  }

  takeNotify(value: string): void {
    const notify = /^\d{1,9}$/.test(value) ? Number(value) : 0
    if (!isValidNotify(notify)) {
      this.#warn(`ignoring malformed DSN notify flags <${value.slice(0, EXCERPT_LENGTH)}>`)
      return
    }
    this.#warnPending('DSN notify flags', this.#notify === 0 ? undefined : String(this.#notify))
    this.#notify = notify
  }

  /** What was said of a recipient that did not come is dropped, with warnings. */
  end(): void {
    this.#warnPending('original recipient', this.#original)
    this.#warnPending('DSN original recipient', this.#dsnOriginal)
    this.#warnPending('DSN notify flags', this.#notify === 0 ? undefined : String(this.#notify))
    this.drop()
  }

  /** Forgets what was said of the recipient to come. */
  drop(): void {
    this.#original = undefined
    this.#dsnOriginal = undefined
    this.#notify = 0
  }

  #add(record: QueueRecord): void {
    this.recipients.push({
      address: text(record),
      ...(this.#original === undefined ? {} : { original: this.#original }),
      ...(this.#dsnOriginal === undefined ? {} : { dsnOriginal: this.#dsnOriginal }),
      notify: this.#notify,
      offset: record.offset,
    })
  }

  #warnPending(what: string, value: string | undefined): void {
    if (value === undefined) return
    this.#warn(`ignoring out-of-order ${what} <${value.slice(0, EXCERPT_LENGTH)}>`)
  }
}

/** Whether it is the record of a recipient, to do or not. */
export function isRecipient({ type }: QueueRecord): boolean {
  return type === RecordType.recipient || type === RecordType.done || type === RecordType.cancelled
}

/** Readers of queue files are C programs: text ends at the first NUL (F-30). */
export function text({ data }: QueueRecord): string {
  const nul = data.indexOf(0)
  return decodeAddress(nul < 0 ? data : data.subarray(0, nul))
}
