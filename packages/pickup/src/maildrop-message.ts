import { decodeAddress } from '@posthouse/mail-address'
import {
  parseAttribute,
  parseSendOptions,
  parseTimeMs,
  type QueueRecord,
  RecordReader,
  RecordType,
} from '@posthouse/queue-store'

/** A recipient as its file has it. Addresses in internal form. */
export interface MaildropRecipient {
  readonly address: string
  /** Absent in what was just handed in: `address` is it. */
  readonly original?: string
  /** DSN ORCPT, `type;address`. */
  readonly dsnOriginal?: string
  /** DSN NOTIFY as in F-39; 0: not requested. */
  readonly notify: number
}

type Attributes = readonly (readonly [name: string, value: string])[]

/** A message of the maildrop, as far as it goes on (F-58). */
export interface MaildropMessage {
  /** Text with LF line ends. */
  readonly content: Uint8Array
  /** Internal form; empty for the null sender. */
  readonly sender: string
  /** Empty: not known. */
  readonly fullName: string
  readonly recipients: readonly MaildropRecipient[]
  /** Those behind the content, as of `sendmail -t`. */
  readonly lateRecipients: readonly MaildropRecipient[]
  /** Attributes before the sender, such as `rewrite_context`; those that repeat included. */
  readonly leadingAttributes: Attributes
  /** Attributes behind the sender, such as `encoding`. */
  readonly attributes: Attributes
  readonly verpDelimiters: string | undefined
  /** When to warn of a delay, ms since 1970. */
  readonly warningTimeMs: number | undefined
  /** Bits of F-34 that were asked for; those that tell of the content are not among them. */
  readonly sendOptions: number
  /** Ms since 1970. */
  readonly arrivalTimeMs: number
}

/** The file is no message: `type` as in F-58, negative if it cannot be read as records. */
export class BadMaildropFileError extends Error {
  override readonly name = 'BadMaildropFileError'
}

const SMTPUTF8_REQUESTED = 1
const REQUIRETLS = 32
const LF = Buffer.from('\n')
const NAME = /^[A-Za-z0-9_.-]+$/

// F-32; what is not in a switch below is passed over.
const ALLOWED = {
  envelope: typesOf('MCTcFILSDROAKWV/><ion'),
  content: typesOf('XLN'),
  extracted: typesOf('EDROAKPreFIL/>on'),
} as const

/**
 * Reads a file of the maildrop, whole.
 *
 * @param modifiedMs Its time, for want of a better one.
 * @throws {BadMaildropFileError} as a rejection
 * @throws {BadRecordError} of queue-store, as a rejection
 */
export async function readMaildropMessage(
  file: Buffer,
  modifiedMs: number,
): Promise<MaildropMessage> {
  const read = async (at: number, length: number) => file.subarray(at, at + length)
  const reader = new RecordReader(read, file.length)
  const builder = new MessageBuilder()
  for (let record = await reader.read(); record !== undefined; record = await reader.read()) {
    if (builder.take(record)) return builder.finish(modifiedMs)
  }
  throw new BadMaildropFileError('-1: no end record')
}

class MessageBuilder {
  #segment: keyof typeof ALLOWED = 'envelope'
  #sender: string | undefined
  #fullName = ''
  #arrivalTimeMs: number | undefined
  #warningTimeMs: number | undefined
  #verpDelimiters: string | undefined
  #sendOptions = 0
  readonly #leading: [string, string][] = []
  readonly #attributes: [string, string][] = []
  readonly #recipients: MaildropRecipient[] = []
  readonly #late: MaildropRecipient[] = []
  readonly #text: Buffer[] = []
  #group: Partial<MaildropRecipient> = {}

  /** @returns true at the end of the message. */
  take(record: QueueRecord): boolean {
    const { type, data } = record
    if (!ALLOWED[this.#segment].has(type)) {
      throw new BadMaildropFileError(`${type}: not expected there`)
    }
    if (this.#segment === 'content') this.#takeContent(type, data)
    else if (type === RecordType.content) this.#segment = 'content'
    else if (type === RecordType.end) return true
    else this.#takeEnvelope(type, textOf(data))
    return false
  }

  finish(modifiedMs: number): MaildropMessage {
    if (this.#sender === undefined) throw new BadMaildropFileError('no envelope sender')
    return {
      content: Buffer.concat(this.#text),
      sender: this.#sender,
      fullName: this.#fullName,
      recipients: this.#recipients,
      lateRecipients: this.#late,
      leadingAttributes: this.#leading,
      attributes: this.#attributes,
      verpDelimiters: this.#verpDelimiters,
      warningTimeMs: this.#warningTimeMs,
      sendOptions: this.#sendOptions,
      arrivalTimeMs: this.#arrivalTimeMs ?? modifiedMs,
    }
  }

  #takeContent(type: number, data: Buffer): void {
    if (type === RecordType.extracted) this.#segment = 'extracted'
    else {
      this.#text.push(Buffer.from(data))
      if (type === RecordType.text) this.#text.push(LF)
    }
  }

  #takeEnvelope(type: number, text: string): void {
    switch (type) {
      case RecordType.attribute:
        this.#takeAttribute(text)
        return
      case RecordType.original:
        this.#group = { ...this.#group, original: text }
        return
      case RecordType.recipient:
        this.#takeRecipient(text)
        return
      case RecordType.done:
      case RecordType.cancelled:
        this.#group = {}
        return
      default:
        if (this.#segment === 'envelope') this.#takeOther(type, text)
    }
  }

  /** Of those that come once, the first counts. */
  #takeOther(type: number, text: string): void {
    switch (type) {
      case RecordType.size:
        this.#sendOptions = parseSendOptions(text) & (SMTPUTF8_REQUESTED | REQUIRETLS)
        return
      case RecordType.time:
        this.#arrivalTimeMs ??= parseTimeMs(text)
        return
      case RecordType.fullName:
        this.#fullName ||= text
        return
      case RecordType.sender:
        this.#sender ??= text
        return
      case RecordType.verpDelimiters:
        this.#verpDelimiters ??= text
        return
      case RecordType.warningTime: {
        const timeMs = parseTimeMs(text)
        if (timeMs !== undefined && timeMs > 0) this.#warningTimeMs ??= timeMs
        return
      }
    }
  }

  #takeAttribute(text: string): void {
    const parsed = parseAttribute(text)
    if ('problem' in parsed) throw new BadMaildropFileError(`65: ${parsed.problem}`)
    const { name, value } = parsed
    if (name === 'notify_flags') this.#group = { ...this.#group, notify: notifyOf(value) }
    else if (name === 'dsn_orig_rcpt') this.#group = { ...this.#group, dsnOriginal: value }
    else if (this.#segment === 'envelope' && name !== 'create_time' && NAME.test(name)) {
      const list = this.#sender === undefined ? this.#leading : this.#attributes
      list.push([name, value])
    }
  }

  #takeRecipient(address: string): void {
    const list = this.#segment === 'envelope' ? this.#recipients : this.#late
    list.push({ notify: 0, ...this.#group, address })
    this.#group = {}
  }
}

/** Text up to its first NUL: what follows is of no use to any reader (F-30). */
function textOf(data: Buffer): string {
  const nul = data.indexOf(0)
  return decodeAddress(nul < 0 ? data : data.subarray(0, nul))
}

/** What is not valid was not requested (F-39). */
function notifyOf(value: string): number {
  const notify = /^\d+$/.test(value) ? Number(value) : 0
  return notify === 1 || (notify <= 14 && notify % 2 === 0) ? notify : 0
}

function typesOf(letters: string): ReadonlySet<number> {
  return new Set(Buffer.from(letters))
}
