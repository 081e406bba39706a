import { decodeAddress } from '@posthouse/mail-address'
import { NetstringError, type NetstringErrorCode, NetstringReader } from '@posthouse/netstring'

import { countBytes } from './trace.ts'
import { areVerpDelimitersAllowed, parseVerpSender } from './verp.ts'

const COMMA = 0x2c
const NUL = 0
const RECORD_OVERHEAD_BYTES = 2 // What the queue file adds to each recipient, at least.

/** What a request is held to. */
export interface QmqpRequestLimits {
  /** `message_size_limit`, in bytes; 0 or less for none. Also bounds the list of recipients. */
  readonly messageSizeLimit: number
  /** `line_length_limit`, in bytes: the longest sender or recipient. */
  readonly lineLengthLimit: number
  /** `verp_delimiter_filter`: the characters allowed as VERP delimiters. */
  readonly verpDelimiterFilter: string
}

/** A request, read whole. */
export interface QmqpRequest {
  /** The message, lines ended by LF. May be a view of the chunk that was pushed. */
  readonly content: Buffer
  /** Envelope sender in internal form, cut at the first NUL; empty for the null sender. */
  readonly sender: string
  /** Envelope recipients in internal form, in order, cut at the first NUL. May be none. */
  readonly recipients: string[]
  /** Set if the sender asked for VERP: two characters of `verpDelimiterFilter`. */
  readonly verpDelimiters?: string
}

/** Why a request was not read to its end, in the words of replies and logs. */
export type QmqpReadFailure =
  | 'lost connection'
  | 'read/write timeout'
  | 'netstring format error'
  | 'netstring length exceeds storage limit'

/** Where it was not, in the words of replies and logs. */
export type QmqpReadPhase =
  | 'receiving QMQP packet header'
  | 'receiving message content'
  | 'receiving sender address'
  | 'receiving recipient address'

/** How reading a request ended. */
export type QmqpRequestEnd =
  | { readonly kind: 'complete'; readonly request: QmqpRequest }
  /** Read whole, and to be answered with `D` and this text: nothing is queued. */
  | { readonly kind: 'refused'; readonly text: string }
  /** `answered` says whether the client gets `what while where` as `D` reply. */
  | {
      readonly kind: 'aborted'
      readonly what: QmqpReadFailure
      readonly where: QmqpReadPhase
      readonly answered: boolean
    }

const FAILURES = {
  malformed: 'netstring format error',
  'too-large': 'netstring length exceeds storage limit',
  truncated: 'lost connection',
} as const satisfies Record<NetstringErrorCode, QmqpReadFailure>

const DUE = {
  start: 'the start of a netstring',
  length: 'the rest of a length',
  payload: 'the rest of a payload',
  comma: 'the comma after a payload',
} as const satisfies Record<NetstringReader['due'], string>

/**
 * Reads the one request of a QMQP connection. Does no I/O: push bytes as they arrive, until an end
 * is returned. What comes after the end changes nothing and is only counted.
 *
 * Source: rules. Unlike Postfix it collects the
 * recipients. So when their bytes alone pass `messageSizeLimit`, which no queue file may,
 * they are dropped, and the request is refused at its end, even if most of them are duplicates.
 */
export class QmqpRequestReader {
  readonly #limits: QmqpRequestLimits
  readonly #netstrings = new NetstringReader()
  #phase: QmqpReadPhase = 'receiving QMQP packet header'
  #content: Uint8Array | undefined
  #sender = ''
  #verpDelimiters: string | undefined
  #recipients: string[] = []
  #recipientBytes = 0
  #end: QmqpRequestEnd | undefined
  #ignored = 0
  readonly #onStep: ((step: string) => void) | undefined

  /** @param onStep Told in words of each element that was read, for a verbose log. */
  constructor(limits: QmqpRequestLimits, onStep?: (step: string) => void) {
    this.#limits = limits
    this.#onStep = onStep
  }

  /** What the next byte belongs to, in words: `a length while receiving message content`. */
  get waitsFor(): string {
    return `${DUE[this.#netstrings.due]} while ${this.#phase}`
  }

  /** Bytes that came after the end of the request. */
  get surplus(): number {
    return this.#netstrings.surplus + this.#ignored
  }

  /** Takes bytes. Undefined: more are needed. */
  push(chunk: Uint8Array): QmqpRequestEnd | undefined {
    if (this.#end === undefined) {
      this.#netstrings.push(chunk)
      this.#end = this.#advance()
    } else {
      this.#ignored += chunk.length
    }
    return this.#end
  }

  /** Call at end of file or when the connection failed. Changes nothing after an end. */
  end(): QmqpRequestEnd {
    this.#netstrings.end()
    this.#end ??= this.#advance()
    return this.#end! // After `end` the netstring reader fails instead of asking for more.
  }

  /** Call when the client was silent for too long. Changes nothing after an end. */
  timeout(): QmqpRequestEnd {
    const atComma = this.#netstrings.due === 'comma'
    this.#end ??= {
      kind: 'aborted',
      // Postfix does not look why the comma is not there.
      what: atComma ? 'netstring format error' : 'read/write timeout',
      where: this.#phase,
      answered: false,
    }
    return this.#end
  }

  #advance(): QmqpRequestEnd | undefined {
    try {
      return this.#readRequest() ? this.#finish() : undefined
    } catch (error) {
      if (!(error instanceof NetstringError)) throw error
      return {
        kind: 'aborted',
        what: FAILURES[error.code],
        where: this.#phase,
        answered: error.code !== 'truncated',
      }
    }
  }

  /** Reads as far as the bytes go. True: the outer comma was read. */
  #readRequest(): boolean {
    const { lineLengthLimit, messageSizeLimit } = this.#limits
    const netstrings = this.#netstrings
    if (this.#phase === 'receiving QMQP packet header') {
      // The value is ignored: the comma in recipient position ends the list.
      const length = netstrings.readLength(0)
      if (length === undefined) return false
      this.#onStep?.(`packet header: ${countBytes(length)}`)
      this.#phase = 'receiving message content'
    }
    if (this.#phase === 'receiving message content') {
      this.#content = netstrings.read(messageSizeLimit)
      if (this.#content === undefined) return false
      this.#onStep?.(`message content: ${countBytes(this.#content.length)}`)
      this.#phase = 'receiving sender address'
    }
    if (this.#phase === 'receiving sender address') {
      const sender = netstrings.read(lineLengthLimit)
      if (sender === undefined) return false
      this.#takeSender(sender)
      this.#phase = 'receiving recipient address'
    }
    for (;;) {
      if (netstrings.due === 'start' && netstrings.peek() === COMMA) return netstrings.readComma()
      const recipient = netstrings.read(lineLengthLimit)
      if (recipient === undefined) return false
      this.#takeRecipient(recipient)
    }
  }

  #takeSender(bytes: Uint8Array): void {
    const { sender, verpDelimiters } = parseVerpSender(cutAtNul(bytes))
    this.#tellAddress('sender', bytes)
    this.#sender = sender
    this.#verpDelimiters = verpDelimiters
  }

  #takeRecipient(bytes: Uint8Array): void {
    this.#tellAddress('recipient', bytes)
    this.#recipientBytes += bytes.length + RECORD_OVERHEAD_BYTES
    if (this.#hasTooManyRecipients()) this.#recipients = []
    else this.#recipients.push(decodeAddress(cutAtNul(bytes)))
  }

  #tellAddress(which: 'sender' | 'recipient', bytes: Uint8Array): void {
    if (this.#onStep === undefined) return
    // Quoted, so that NUL and bytes that are no UTF-8 can be told from what a log makes of them.
    const text = JSON.stringify(decodeAddress(bytes))
    this.#onStep(`${which} address: ${countBytes(bytes.length)}, ${text}`)
  }

  #hasTooManyRecipients(): boolean {
    const { messageSizeLimit } = this.#limits
    return messageSizeLimit > 0 && this.#recipientBytes > messageSizeLimit
  }

  #finish(): QmqpRequestEnd {
    const { verpDelimiterFilter } = this.#limits
    const delimiters = this.#verpDelimiters
    if (delimiters !== undefined && !areVerpDelimitersAllowed(delimiters, verpDelimiterFilter)) {
      const wanted = `Need two characters from "${verpDelimiterFilter}"`
      return { kind: 'refused', text: `Error: Invalid VERP delimiters: "${delimiters}". ${wanted}` }
    }
    if (this.#hasTooManyRecipients()) return { kind: 'refused', text: 'Error: message too large' }

    const content = asBuffer(this.#content!) // Set before the phase of the recipients.
    const request = { content, sender: this.#sender, recipients: this.#recipients }
    if (delimiters === undefined) return { kind: 'complete', request }
    return { kind: 'complete', request: { ...request, verpDelimiters: delimiters } }
  }
}

function cutAtNul(bytes: Uint8Array): Uint8Array {
  // Not with `indexOf`: addresses are short, and a call into native code costs more than they do.
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NUL) return bytes.subarray(0, at)
  return bytes
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
