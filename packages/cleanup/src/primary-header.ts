import type { Later } from '@posthouse/lookup-table'
import { decodeAddress, encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import { cutHeader } from '@posthouse/mime-stream'

import type { CleanupOptions } from './cleanup-options.ts'
import {
  type HeaderAddressOptions,
  type HeaderClass,
  isSettled,
  rewriteHeader,
} from './header-addresses.ts'
import type { HeaderRules } from './header-rules.ts'
import { type HeaderText, headerValueStart } from './header-text.ts'

const MESSAGE_ID = /<[^<>]*>/
const NO = /^no[\t ]*$/i
const YES = /^yes[\t ]*$/i

/** What the primary header of a message needs to be read. */
export interface PrimaryHeaderContext {
  readonly queueId: string
  readonly options: CleanupOptions
  readonly rules: HeaderRules
  readonly log: Logger
  readonly addresses: HeaderAddressOptions
}

/**
 * Reads the primary header of one message, header by header after the checks, and notes what is in
 * it. Headers pass byte for byte but for Q-521 (dropped) and Q-523 (addresses).
 */
export class PrimaryHeader {
  readonly #context: PrimaryHeaderContext
  readonly #names = new Set<string>()
  #hops = 0

  /** First `<…>` of the first `Message-Id:`. */
  messageId: string | undefined
  /** `TLS-Required: no` was seen. */
  tlsRequiredNo = false
  /** `Require-TLS-ESMTP: yes` was seen: the sender has asked for REQUIRETLS. */
  requiresTls = false
  /** A `Received:` was kept after too many, kept or not. */
  isLooping = false

  constructor(context: PrimaryHeaderContext) {
    this.#context = context
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

  /** A `Received:` came, our own included; checks may take it away, but it counts. */
  countHop(): void {
    this.#hops++
  }

  /** Notes that a header is there. Drops nothing. */
  heed(header: HeaderText): void {
    const { name } = header
    if (!this.#context.rules.get(name)?.isKnown) return
    this.#names.add(name)
    switch (name) {
      case 'received':
        if (this.#hops >= this.#context.options.hopcountLimit) this.isLooping = true
        return
      case 'message-id':
      case 'resent-message-id':
        this.#heedMessageId(header)
        return
      case 'tls-required':
        this.#heedTlsRequired(header)
        return
      case 'require-tls-esmtp':
        if (this.#context.options.requireTlsHeader && YES.test(headerValue(header))) {
          this.requiresTls = true
        }
        return
    }
  }

  /**
   * What is to be stored of a header.
   *
   * @returns undefined: nothing. Later if a table that is asked for an address answers later.
   */
  stored(header: HeaderText): Later<Buffer | undefined> {
    const rule = this.#context.rules.get(header.name)
    if (rule === undefined) return header.bytes
    if (rule.isDropped) return undefined
    const { addressClass } = rule
    return addressClass === undefined ? header.bytes : this.#withAddresses(header, addressClass)
  }

  #withAddresses({ bytes, colon }: HeaderText, where: HeaderClass): Later<Buffer> {
    const { addresses, options } = this.#context
    if (isSettled(bytes.toString('latin1', colon + 1), where, addresses)) return bytes
    const name = decodeAddress(bytes.subarray(0, colon))
    const value = decodeAddress(bytes).slice(name.length + 1)
    const finish = (text: string | undefined) =>
      text === undefined ? bytes : cutHeader(encodeAddress(text), options.headerSizeLimit)
    const rewritten = rewriteHeader(`${name}:`, value, where, addresses)
    return rewritten instanceof Promise ? rewritten.then(finish) : finish(rewritten)
  }

  #heedMessageId(header: HeaderText): void {
    const { queueId, log } = this.#context
    const { name } = header
    const event = name === 'message-id' ? name : 'resent-message-id'
    const messageId = decodeAddress(header.bytes.subarray(headerValueStart(header)))
    log.info(`${queueId}: ${name}=${messageId}`, { event, queueId, messageId })
    if (name === 'message-id') this.messageId ??= MESSAGE_ID.exec(messageId)?.[0]
  }

  #heedTlsRequired(header: HeaderText): void {
    const { queueId, options, log } = this.#context
    if (!options.tlsRequiredHeader) return
    const value = headerValue(header)
    if (NO.test(value)) this.tlsRequiredNo = true
    else log.warning(`ignoring malformed header: 'TLS-Required: ${value}'`, { queueId })
  }
}

function headerValue(header: HeaderText): string {
  return decodeAddress(header.bytes.subarray(headerValueStart(header)))
}
