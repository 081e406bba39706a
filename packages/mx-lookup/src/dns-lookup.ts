import { isIP } from 'node:net'

import { hostnameProblem } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import {
  type DnsAnswer,
  type DnsFailure,
  type DnsReply,
  type DnsResolver,
  dnsFailure,
  invalidName,
  MAX_RECORDS,
  malformedAnswer,
  type QueryType,
  type RecordTypes,
  type UsableRecords,
} from './dns-answer.ts'
import { DnssecProbe, type ProbeQuestion } from './dnssec-probe.ts'
import { dnsName } from './host-name.ts'
import { filterReply, type ReplyFilter } from './reply-filter.ts'
import { whenReady } from './when-ready.ts'

/** How DNS is asked, and what of its answers is believed. */
export interface DnsLookupOptions {
  /** `smtp_dns_support_level = dnssec`: asks for validation (C-11). */
  readonly dnssec: boolean
  /** `dnssec_probe`, asked once if validation was asked for and an answer has none. */
  readonly dnssecProbe?: ProbeQuestion | undefined
  /** `smtp_dns_resolver_options`, for addresses of hosts only (C-13). */
  readonly resolverOptions: readonly ('res_defnames' | 'res_dnsrch')[]
  /** `smtp_dns_reply_filter` (C-15). */
  readonly replyFilter?: ReplyFilter | undefined
}

/** An answer, or a promise of one if it is not known yet. */
export type Answering<Type extends QueryType> =
  | DnsAnswer<RecordTypes[Type]>
  | Promise<DnsAnswer<RecordTypes[Type]>>

type Judged<Item> = UsableRecords<Item> | DnsFailure

/** Asks for the records that lead to servers, and judges the answers (C-14). */
export class DnsLookup {
  readonly #resolver: DnsResolver
  readonly #dnssec: boolean
  readonly #probe: DnssecProbe | undefined
  readonly #search: { defaultDomain: boolean; searchList: boolean } | undefined
  readonly #filter: ReplyFilter | undefined
  readonly #log: Logger

  constructor(resolver: DnsResolver, options: DnsLookupOptions, log: Logger) {
    const { dnssec, dnssecProbe, resolverOptions: flags, replyFilter } = options
    this.#resolver = resolver
    this.#dnssec = dnssec
    if (dnssec && dnssecProbe !== undefined) {
      this.#probe = new DnssecProbe(resolver, dnssecProbe, log)
    }
    this.#filter = replyFilter
    this.#log = log
    const [defaultDomain, searchList] = [
      flags.includes('res_defnames'),
      flags.includes('res_dnsrch'),
    ]
    this.#search = defaultDomain || searchList ? { defaultDomain, searchList } : undefined
  }

  /** The MX records of a domain, in the order of the answer, with targets that can be used. */
  mx(domain: string): Answering<'MX'> {
    return this.#query(domain, 'MX', (records, name) => {
      if (records.some(({ exchange }) => isRoot(exchange))) {
        return { kind: 'nullmx', text: `Domain ${name} does not accept mail (nullMX)` }
      }
      return this.#usable(records, name, 'MX', ({ exchange }) => exchange)
    })
  }

  /** The SRV records of a name, in the order of the answer, with targets that can be used. */
  srv(service: string): Answering<'SRV'> {
    return this.#query(service, 'SRV', (records, name) => {
      if (records.some(({ target }) => isRoot(target))) {
        return { kind: 'nullsrv', text: `Domain ${name} does not support SRV requests` }
      }
      return this.#usable(records, name, 'SRV', ({ target }) => target)
    })
  }

  /** The addresses of one family that a host has, in the order of the answer. */
  addresses<Type extends 'A' | 'AAAA'>(host: string, type: Type): Answering<Type> {
    return this.#query(host, type, (items) => ({ kind: 'ok', items }))
  }

  /** The TLSA records of a service, such as `_25._tcp.mx.example.com`. */
  tlsa(service: string): Answering<'TLSA'> {
    return this.#query(service, 'TLSA', (items) => ({ kind: 'ok', items }))
  }

  /** Where a name leads first, if it is an alias. */
  cname(name: string): Answering<'CNAME'> {
    return this.#query(name, 'CNAME', (items) => ({ kind: 'ok', items }))
  }

  #query<Type extends QueryType>(
    asked: string,
    type: Type,
    judge: (records: readonly RecordTypes[Type][], name: string) => Judged<RecordTypes[Type]>,
  ): Answering<Type> {
    const name = dnsName(asked)
    if (name === undefined) return invalidName(asked)
    const search = type === 'A' || type === 'AAAA' ? this.#search : undefined
    const reply = this.#resolver.query(name, type, { dnssec: this.#dnssec, search })
    return whenReady(reply, (known) => {
      this.#probe?.heed(known)
      if (known.kind !== 'found') return this.#nothing(known, type)
      if (known.dropped > 0) this.#warnOfDropped(name, type)
      const answer = judge(this.#wellNamed(known.records, name, type), name)
      if (answer.kind !== 'ok') return answer
      if (answer.items.length === 0) return malformedAnswer('inval', name, type)
      const secure = known.secure === true
      const filter = this.#filter
      if (filter === undefined) return { ...answer, secure }
      return whenReady(filterReply(filter, answer.items, name, type, this.#log), (filtered) =>
        filtered.kind === 'ok' ? { ...filtered, secure } : filtered,
      )
    })
  }

  #nothing(reply: Exclude<DnsReply<never>, { kind: 'found' }>, type: QueryType): DnsAnswer<never> {
    const failure = dnsFailure(reply, type)
    if (reply.kind === 'loop') this.#log.warning(`dns_lookup: ${failure.text}`)
    return failure
  }

  #warnOfDropped(name: string, type: QueryType): void {
    this.#log.warning(
      `DNS record count limit (${MAX_RECORDS}) exceeded -- dropping excess record(s) ` +
        `after qname=${name} qtype=${type}`,
    )
  }

  #warnOfMalformed(name: string, where: string): void {
    const problem = hostnameProblem(name)
    if (problem !== undefined) this.#log.warning(problem)
    this.#log.warning(`malformed domain name ${where}`)
  }

  /** Those whose own name can be one, as it may not be at the end of CNAMEs. */
  #wellNamed<Type extends QueryType>(
    records: readonly RecordTypes[Type][],
    asked: string,
    type: Type,
  ): readonly RecordTypes[Type][] {
    if (records.every(({ name }) => name === asked || dnsName(name) !== undefined)) return records
    return records.filter(({ name }) => {
      if (dnsName(name) !== undefined) return true
      this.#warnOfMalformed(name, `in resource name of ${type} record for ${asked}: ${name}`)
      return false
    })
  }

  #usable<Type extends 'MX' | 'SRV'>(
    records: readonly RecordTypes[Type][],
    name: string,
    type: Type,
    targetOf: (record: RecordTypes[Type]) => string,
  ): Judged<RecordTypes[Type]> {
    const items = records.filter((record) => {
      const target = targetOf(record)
      const where = `in resource data of ${type} record for ${name}: ${target}`
      const numeric = isIP(target) !== 0
      if (numeric) this.#log.warning(`numeric domain name ${where}`)
      if (numeric || dnsName(target) !== undefined) return true
      this.#warnOfMalformed(target, where)
      return false
    })
    return { kind: 'ok', items }
  }
}

function isRoot(name: string): boolean {
  return name === '.' || name === ''
}
