import { isAscii } from 'node:buffer'
import { decodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import type { ContentWriter } from '@posthouse/queue-store'

import type { CleanupOptions } from './cleanup-options.ts'
import type { HeaderRules } from './header-rules.ts'
import {
  cutAtNul,
  cutHeader,
  findHeaderColon,
  findHeaderEnd,
  headerNameEnd,
  headerValueStart,
} from './header-syntax.ts'

const LF = 0x0a
const NEWLINE = Buffer.from('\n')
const MESSAGE_ID = /<[^<>]*>/
const EIGHT_BIT = /^(?:8bit|binary)$/i
const NO = /^no[\t ]*$/i

/** What the primary header of a message needs to be read. */
export interface PrimaryHeaderContext {
  readonly queueId: string
  readonly options: CleanupOptions
  readonly rules: HeaderRules
  readonly writer: ContentWriter
  readonly log: Logger
}

/**
 * Copies the primary header of one message into its queue file, and notes what is in it. Headers
 * pass byte for byte but for Q-510 (blanks before the colon), Q-514, Q-515 and Q-521 (dropped). One
 * header is dealt with in `#take`: address rewriting and header checks have their place there.
 */
export class PrimaryHeader {
  readonly #context: PrimaryHeaderContext
  readonly #content: Buffer
  readonly #names = new Set<string>()
  #kept = 0 // Headers from here on are unchanged and not yet copied.
  #hops = 1 // Our own.

  /** First `<…>` of the first `Message-Id:`. */
  messageId: string | undefined
  /** `Content-Transfer-Encoding: 8bit` or `binary` was seen. */
  is8bit = false
  /** `TLS-Required: no` was seen. */
  tlsRequiredNo = false
  /** There is a byte above 0x7F in it. */
  hasNonAscii = false

  constructor(context: PrimaryHeaderContext, content: Buffer) {
    this.#context = context
    this.#content = content
  }

  /** Whether a header that matters was there, dropped or not; name in lower case. */
  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Whether a `Resent-` header of Q-525 was there. */
  get isResent(): boolean {
    for (const name of this.#names) if (name.startsWith('resent-')) return true
    return false
  }

  /** Whether the message has passed too many hosts; then the copy is not complete. */
  get isLooping(): boolean {
    return this.#hops >= this.#context.options.hopcountLimit
  }

  /** Reads and copies. @returns where the header ends: offset of the first line behind it. */
  copy(): number {
    const { lineLengthLimit } = this.#context.options
    const content = this.#content
    let at = 0
    while (at < content.length && !this.isLooping) {
      const colon = findHeaderColon(content, at, lineLengthLimit)
      if (colon < 0) break
      const end = findHeaderEnd(content, at)
      this.#take(at, colon, end)
      at = end
    }
    this.#flush(at)
    this.hasNonAscii = !isAscii(content.subarray(0, at))
    return at
  }

  #take(start: number, colon: number, end: number): void {
    const nameEnd = headerNameEnd(this.#content, colon)
    const name = this.#context.rules.nameOf(this.#content, start, nameEnd)
    if (name !== undefined) {
      this.#names.add(name)
      this.#heed(name, colon, end)
      if (this.#context.rules.isDropped(name)) {
        this.#flush(start)
        this.#kept = end
        return
      }
    }
    if (nameEnd === colon && this.#isPlain(start, end)) return
    this.#flush(start)
    this.#kept = end
    this.#writeEdited(start, nameEnd, colon, end)
  }

  #heed(name: string, colon: number, end: number): void {
    const { queueId, options, log } = this.#context
    switch (name) {
      case 'received':
        this.#hops++
        return
      case 'message-id':
      case 'resent-message-id': {
        const value = this.#value(colon, end)
        log.info(`${queueId}: ${name}=${value}`, { event: name, queueId, messageId: value })
        if (name === 'message-id') this.messageId ??= MESSAGE_ID.exec(value)?.[0]
        return
      }
      case 'content-transfer-encoding':
        if (!options.detect8bitEncodingHeader) return
        if (EIGHT_BIT.test(this.#value(colon, end))) this.is8bit = true
        return
      case 'tls-required':
        if (!options.tlsRequiredHeader) return
        if (NO.test(this.#value(colon, end))) this.tlsRequiredNo = true
        else {
          const value = this.#value(colon, end)
          log.warning(`ignoring malformed header: 'TLS-Required: ${value}'`, { queueId })
        }
        return
    }
  }

  #value(colon: number, end: number): string {
    const start = headerValueStart(this.#content, colon, end)
    const limited = Math.min(this.#textEnd(end), start + this.#context.options.headerSizeLimit)
    return decodeAddress(this.#content.subarray(start, limited))
  }

  /** `end` without the header's last LF, which the end of the message may lack. */
  #textEnd(end: number): number {
    return this.#content[end - 1] === LF ? end - 1 : end
  }

  #isPlain(start: number, end: number): boolean {
    if (this.#textEnd(end) - start > this.#context.options.headerSizeLimit) return false
    return !this.#content.subarray(start, end).includes(0)
  }

  #writeEdited(start: number, nameEnd: number, colon: number, end: number): void {
    const name = this.#content.subarray(start, nameEnd)
    const header = Buffer.concat([name, this.#content.subarray(colon, this.#textEnd(end))])
    const cut = cutAtNul(cutHeader(header, this.#context.options.headerSizeLimit))
    this.#context.writer.text(Buffer.concat([cut, NEWLINE]))
  }

  #flush(end: number): void {
    const { writer } = this.#context
    const start = this.#kept
    this.#kept = end
    if (start >= end) return
    const lastLine = Math.max(this.#content.lastIndexOf(LF, end - 1) + 1, start)
    writer.text(this.#content, start, lastLine)
    // The message ends inside the header, which goes on with lines of ours.
    if (lastLine < end) writer.line(this.#content, lastLine, end)
  }
}
