import type { Logger } from '@posthouse/mail-log'

import { type DnsReply, type DnsResolver, dnsFailure, type QueryType } from './dns-answer.ts'
import { whenReady } from './when-ready.ts'

/** `dnssec_probe`: a question whose answer any validating name server has validated. */
export interface ProbeQuestion {
  readonly type: QueryType
  readonly name: string
  /** As it is written in the configuration: `ns:.`. */
  readonly text: string
}

/** Warns once if name servers do not validate, although they are asked to (dnssec_probe). */
export class DnssecProbe {
  readonly #resolver: DnsResolver
  readonly #question: ProbeQuestion
  readonly #log: Logger
  #isDone = false

  constructor(resolver: DnsResolver, question: ProbeQuestion, log: Logger) {
    this.#resolver = resolver
    this.#question = question
    this.#log = log
  }

  /** Is to be told of each reply to a question that asked for validation. */
  heed({ secure = false }: DnsReply<unknown>): void {
    if (this.#isDone) return
    this.#isDone = true
    if (secure) return
    const { name, type } = this.#question
    const reply = this.#resolver.query(name, type, { dnssec: true })
    void whenReady<DnsReply<unknown>, void>(reply, (known) => this.#judge(known))
  }

  #judge(reply: DnsReply<unknown>): void {
    if (reply.secure === true) return
    const { text, type } = this.#question
    const { kind } = reply
    const reason =
      kind === 'found' || kind === 'nxdomain' || kind === 'nodata'
        ? 'a response that is not DNSSEC validated'
        : `no response: ${dnsFailure({ ...reply, kind }, type).text}`
    this.#log.warning('DNSSEC validation may be unavailable')
    this.#log.warning(`reason: dnssec_probe '${text}' received ${reason}`)
  }
}
