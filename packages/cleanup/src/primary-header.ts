import type { Later } from '@posthouse/lookup-table'
import { decodeAddress, encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import { cutHeader } from '@posthouse/mime-stream'

import type { AddressMapping, Warn } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import { type HeaderClass, isSettled, rewriteHeader } from './header-addresses.ts'
import type { HeaderRule, HeaderRules } from './header-rules.ts'
import { type HeaderText, headerValueStart } from './header-text.ts'

const NO = /^no[\t ]*$/i
const YES = /^yes[\t ]*$/i

/** What primary headers are read with. */
export interface PrimaryHeaderContext {
  readonly options: CleanupOptions
  readonly log: Logger
  /** Completes an address in external form. */
  readonly rewriteExternal: (address: string) => string
}

/** The message whose primary header is read. */
export interface HeaderOwner {
  readonly queueId: string
  readonly rules: HeaderRules
  /** Undefined: no maps. */
  readonly mapping: AddressMapping | undefined
  /** Takes warnings with the queue id. */
  readonly warn: Warn
}

/**
 * Reads the primary header of one message, header by header after the checks, and notes what is in
 * it. Headers pass byte for byte but for Q-521 (dropped) and Q-523 (addresses).
 */
export class PrimaryHeader {
  readonly #context: PrimaryHeaderContext
  readonly #owner: HeaderOwner
  readonly #names: string[] = []
  #hops = 0

  /** First `<…>` of the first `Message-Id:`. */
  messageId: string | undefined
  /** A `Resent-` header of Q-525 was there. */
  isResent = false
  /** `TLS-Required: no` was seen. */
  tlsRequiredNo = false
  /** `Require-TLS-ESMTP: yes` was seen: the sender has asked for REQUIRETLS. */
  requiresTls = false
  /** A `Received:` was kept after too many, kept or not. */
  isLooping = false

  constructor(owner: HeaderOwner, context: PrimaryHeaderContext) {
    this.#owner = owner
    this.#context = context
  }

  /** Whether a header that matters was there, dropped or not; name in lower case. */
  has(name: string): boolean {
    return this.#names.includes(name)
  }

  /** A `Received:` came, our own included; checks may take it away, but it counts. */
  countHop(): void {
    this.#hops++
  }

  /** Notes that a header is there. @returns its rule. */
  heed(header: HeaderText): HeaderRule | undefined {
    const rule = this.#owner.rules.get(header.name)
    if (rule?.isKnown) this.#heedKnown(header, rule)
    return rule
  }

  /**
   * What is to be stored of a header with a rule.
   *
   * @returns undefined: nothing. Later if a table that is asked for an address answers later.
   */
  stored(header: HeaderText, { isDropped, addressClass }: HeaderRule): Later<Buffer | undefined> {
    if (isDropped) return undefined
    return addressClass === undefined ? header.kept : this.#withAddresses(header, addressClass)
  }

  #heedKnown(header: HeaderText, rule: HeaderRule): void {
    const { name } = header
    if (!this.has(name)) this.#names.push(name)
    if (rule.isResent) this.isResent = true
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

  #withAddresses({ kept, colon }: HeaderText, where: HeaderClass): Later<Buffer> {
    const { mapping, warn } = this.#owner
    if (isSettled(kept.toString('latin1', colon + 1), where, mapping)) return kept
    const { options, rewriteExternal, log } = this.#context
    const maxTokens = options.headerAddressTokenLimit
    const addresses = { maxTokens, rewriteExternal, mapping, log, warn }
    const name = decodeAddress(kept.subarray(0, colon))
    const value = decodeAddress(kept).slice(name.length + 1)
    const finish = (text: string | undefined) =>
      text === undefined ? kept : cutHeader(encodeAddress(text), options.headerSizeLimit)
    const rewritten = rewriteHeader(`${name}:`, value, where, addresses)
    return rewritten instanceof Promise ? rewritten.then(finish) : finish(rewritten)
  }

  #heedMessageId(header: HeaderText): void {
    const { queueId } = this.#owner
    const event = header.name === 'message-id' ? header.name : 'resent-message-id'
    const messageId = headerValue(header)
    this.#context.log.info(`${queueId}: ${event}=${messageId}`, { event, queueId, messageId })
    if (event === 'message-id') this.messageId ??= firstMessageId(messageId)
  }

  #heedTlsRequired(header: HeaderText): void {
    const { options, log } = this.#context
    if (!options.tlsRequiredHeader) return
    const value = headerValue(header)
    if (NO.test(value)) this.tlsRequiredNo = true
    else
      log.warning(`ignoring malformed header: 'TLS-Required: ${value}'`, {
        queueId: this.#owner.queueId,
      })
  }
}

function headerValue(header: HeaderText): string {
  return decodeAddress(header.kept.subarray(headerValueStart(header)))
}

function firstMessageId(text: string): string | undefined {
  const open = text.indexOf('<')
  const close = text.indexOf('>', open)
  return open < 0 || close < 0 ? undefined : text.slice(text.lastIndexOf('<', close), close + 1)
}
