import { parseAttribute, RecordType, recordName } from '@posthouse/queue-store'

import { PostdropError } from './errors.ts'
import type { StreamRecord } from './record-stream.ts'

type Segment = 'envelope' | 'content' | 'extracted'

// F-32. A time is ours to write, and is passed over (F-57).
const ALLOWED: Readonly<Record<Segment, ReadonlySet<number>>> = {
  envelope: new Set([
    RecordType.size, // For what `sendmail -O` asks; nobody believes its sizes.
    RecordType.time,
    RecordType.attribute,
    RecordType.fullName,
    RecordType.sender,
    RecordType.recipient,
    RecordType.verpDelimiters,
    RecordType.content,
  ]),
  content: new Set([RecordType.text, RecordType.partialText, RecordType.extracted]),
  extracted: new Set([RecordType.attribute, RecordType.recipient, RecordType.end]),
}

const ANY = /^/
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  encoding: /^(7bit|8bit)$/,
  rewrite_context: /^(local|remote)$/,
  create_time: ANY,
  envelope_id: ANY,
  ret_flags: ANY,
  notify_flags: ANY,
  dsn_orig_rcpt: ANY,
  trace_flags: /^(512|1024)$/,
}
const BREAK = /[\0\r\n]/

/** Checks the records of a message one after the other: what pickup(8) could not use (F-57). */
export class RecordCheck {
  readonly #warn: (text: string) => void
  #segment: Segment = 'envelope'
  #hasSender = false
  #hasRecipient = false

  /** @param warn Told of what is left out. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** Whether all is there that a message needs. */
  get isComplete(): boolean {
    return this.#hasSender && this.#hasRecipient
  }

  /** @returns whether the record is to be stored. @throws {PostdropError} */
  take({ type, data }: StreamRecord): boolean {
    if (!ALLOWED[this.#segment].has(type)) {
      throw new PostdropError(`unexpected record type: ${type}`)
    }
    if (this.#segment !== 'content') refuseBreaks(type, data)
    switch (type) {
      case RecordType.time:
        return this.#segment !== 'envelope'
      case RecordType.attribute:
        return this.#isAttribute(data.toString('latin1'))
      case RecordType.sender:
        if (this.#hasSender) throw new PostdropError('more than one sender record')
        this.#hasSender = true
        return true
      case RecordType.recipient:
        this.#hasRecipient = true
        return true
      case RecordType.content:
        this.#segment = 'content'
        return true
      case RecordType.extracted:
        this.#segment = 'extracted'
        return true
    }
    return true
  }

  #isAttribute(text: string): boolean {
    const parsed = parseAttribute(text)
    if ('problem' in parsed) {
      this.#warn(`ignoring malformed record: ${parsed.problem}: ${text}`)
      return false
    }
    const { name, value } = parsed
    if (Object.hasOwn(ATTRIBUTES, name) && ATTRIBUTES[name]!.test(value)) return true
    this.#warn(`ignoring attribute record: ${text}`)
    return false
  }
}

function refuseBreaks(type: number, data: Buffer): void {
  const text = data.toString('latin1')
  if (!BREAK.test(text)) return
  const shown = text.replace(/[\0-\x1f\x7f]/g, '?')
  throw new PostdropError(`null or line break in '${recordName(type)}' record type: ${shown}`)
}
