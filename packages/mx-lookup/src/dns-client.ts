import { isIP } from 'node:net'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import {
  type AddressRecord,
  type DnsAnswer,
  type DnsResolver,
  dnsFailure,
  invalidName,
  MAX_RECORDS,
  malformedAnswer,
  type QueryType,
} from './dns-answer.ts'
import { dnsName } from './host-name.ts'
import { type CacheOptions, QueryCache, type TimedAnswer } from './query-cache.ts'

/** An MX record with a usable target: a host name or, against the standard, an address. */
export interface MxRecord {
  readonly host: string
  readonly preference: number
}

/** Bounds of the DNS answers that are remembered. */
export interface DnsClientOptions extends CacheOptions {
  /** How long MX records are kept, in ms: the resolver of Node does not tell their TTL. */
  readonly cacheMxTtlMs: number
}

/** Asks for MX, A and AAAA records through a cache, and judges the answers (C-14). */
export class DnsClient {
  readonly #log: Logger
  readonly #resolver: DnsResolver
  readonly #mxTtlMs: number
  readonly #mx: QueryCache<MxRecord>
  readonly #a: QueryCache<string>
  readonly #aaaa: QueryCache<string>

  constructor(resolver: DnsResolver, options: DnsClientOptions, clock: Clock, log: Logger) {
    this.#log = log
    this.#resolver = resolver
    this.#mxTtlMs = options.cacheMxTtlMs
    this.#mx = new QueryCache((name) => this.#askMx(name), options, clock)
    this.#a = new QueryCache((name) => this.#askAddress(name, 'A'), options, clock)
    this.#aaaa = new QueryCache((name) => this.#askAddress(name, 'AAAA'), options, clock)
  }

  /** The MX records of a domain, in the order of the answer. */
  mx(domain: string): DnsAnswer<MxRecord> | Promise<DnsAnswer<MxRecord>> {
    const name = dnsName(domain)
    return name === undefined ? invalidName(domain) : this.#mx.get(name)
  }

  /** The addresses of one family that a host has, in the order of the answer. */
  addresses(host: string, type: 'A' | 'AAAA'): DnsAnswer<string> | Promise<DnsAnswer<string>> {
    const name = dnsName(host)
    if (name === undefined) return invalidName(host)
    return (type === 'A' ? this.#a : this.#aaaa).get(name)
  }

  async #askMx(name: string): Promise<TimedAnswer<MxRecord>> {
    try {
      const records = this.#limit(await this.#resolver.resolveMx(name), name, 'MX')
      return { answer: this.#judgeMx(records, name), ttlMs: this.#mxTtlMs }
    } catch (error) {
      return { answer: dnsFailure(error, name, 'MX'), ttlMs: 0 }
    }
  }

  #judgeMx(
    records: readonly { exchange: string; priority: number }[],
    name: string,
  ): DnsAnswer<MxRecord> {
    if (records.some(({ exchange }) => exchange === '' || exchange === '.')) {
      return { kind: 'nullmx', text: `Domain ${name} does not accept mail (nullMX)` }
    }
    const items: MxRecord[] = []
    for (const { exchange, priority } of records) {
      const host = exchange.endsWith('.') ? exchange.slice(0, -1) : exchange
      const where = `in resource data of MX record for ${name}: ${host}`
      const numeric = isIP(host) !== 0
      if (numeric) this.#log.warning(`numeric domain name ${where}`)
      if (numeric || dnsName(host) !== undefined) items.push({ host, preference: priority })
      else this.#log.warning(`malformed domain name ${where}`)
    }
    if (items.length > 0) return { kind: 'ok', items }
    return records.length > 0 ? malformedAnswer('inval', name, 'MX') : noData(name, 'MX')
  }

  async #askAddress(name: string, type: 'A' | 'AAAA'): Promise<TimedAnswer<string>> {
    try {
      const query = type === 'A' ? 'resolve4' : 'resolve6'
      const records = this.#limit(await this.#resolver[query](name, { ttl: true }), name, type)
      if (records.length === 0) return { answer: noData(name, type), ttlMs: 0 }
      const items = records.map(({ address }) => address)
      return { answer: { kind: 'ok', items }, ttlMs: leastTtlMs(records) }
    } catch (error) {
      return { answer: dnsFailure(error, name, type), ttlMs: 0 }
    }
  }

  #limit<Item>(records: readonly Item[], name: string, type: QueryType): readonly Item[] {
    if (records.length <= MAX_RECORDS) return records
    this.#log.warning(
      `DNS record count limit (${MAX_RECORDS}) exceeded -- dropping excess record(s) ` +
        `after qname=${name} qtype=${type}`,
    )
    return records.slice(0, MAX_RECORDS)
  }
}

function noData(name: string, type: QueryType): DnsAnswer<never> {
  return dnsFailure(Object.assign(new Error('no data'), { code: 'ENODATA' }), name, type)
}

function leastTtlMs(records: readonly AddressRecord[]): number {
  return Math.min(...records.map(({ ttl }) => ttl)) * 1000
}
