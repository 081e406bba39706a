import type { Logger } from '@posthouse/mail-log'

import type { DnsAnswer, DnsResolver, RecordTypes } from './dns-answer.ts'
import { DnsLookup, type DnsLookupOptions } from './dns-lookup.ts'
import type { DnsTrail, MailServer } from './mail-server.ts'
import { whenReady } from './when-ready.ts'

/** How TLSA records are looked for. */
export interface TlsaLookupOptions extends DnsLookupOptions {
  /** `smtp_tls_force_insecure_host_tlsa_lookup`: also for hosts in zones without signatures. */
  readonly forceInsecureHosts: boolean
}

/** What a server's TLSA records are. */
export type TlsaResult =
  /** Some are there, validated. */
  | {
      readonly kind: 'found'
      /** Name of the service that has them: `_25._tcp.mx.example.com`. */
      readonly service: string
      /** The name that the server is to prove (RFC 7672 2.2.2). */
      readonly baseDomain: string
      readonly records: readonly RecordTypes['TLSA'][]
    }
  /** There are none, and so it is, or nothing of it was validated. */
  | { readonly kind: 'none' }
  /** It could not be found out, which was logged. */
  | { readonly kind: 'failed' }

type Answering = TlsaResult | Promise<TlsaResult>

const NONE: TlsaResult = { kind: 'none' }

/** Finds the TLSA records of servers, and asks only where DNSSEC led there (C-156, C-157). */
export class TlsaLookup {
  readonly #dns: DnsLookup
  readonly #forceInsecureHosts: boolean
  readonly #log: Logger

  constructor(resolver: DnsResolver, options: TlsaLookupOptions, log: Logger) {
    this.#dns = new DnsLookup(resolver, options, log)
    this.#forceInsecureHosts = options.forceInsecureHosts
    this.#log = log
  }

  /** No promise where nobody must be asked. Never rejects. */
  lookup({ trail, port }: MailServer): Answering {
    if (trail === undefined) return NONE
    const { host, owner } = trail
    const isAlias = host.toLowerCase() !== owner.toLowerCase()
    if (trail.isAddressSecure || this.#forceInsecureHosts) {
      return this.#ask(isAlias ? [owner, host] : [host], port)
    }
    return isAlias ? this.#ofInsecureAlias(trail, port) : NONE
  }

  /** What an alias leads to is not signed, but the alias may be: it has a name to prove. */
  #ofInsecureAlias({ host }: DnsTrail, port: number): Answering {
    return whenReady(this.#dns.cname(host), (answer) => {
      if (answer.kind === 'ok') return answer.secure ? this.#ask([host], port) : NONE
      return this.#nothing(answer)
    })
  }

  /** Ends with the first name that has records. */
  #ask([name, ...others]: readonly string[], port: number): Answering {
    if (name === undefined) return NONE
    const service = `_${port}._tcp.${name}`
    return whenReady(this.#dns.tlsa(service), (answer) => {
      if (answer.kind === 'ok' && answer.secure) {
        return { kind: 'found', service, baseDomain: name, records: answer.items }
      }
      if (answer.kind === 'ok') return this.#ask(others, port)
      const result = this.#nothing(answer)
      return result.kind === 'none' ? this.#ask(others, port) : result
    })
  }

  /** An answer that there is none is believed; without an answer nothing is known. */
  #nothing({ kind, text }: Exclude<DnsAnswer<never>, { kind: 'ok' }>): TlsaResult {
    if (kind === 'notfound') return NONE
    this.#log.warning(`DANE TLSA lookup problem: ${text}`)
    return { kind: 'failed' }
  }
}
