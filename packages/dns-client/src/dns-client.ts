import type { Clock } from '@posthouse/clock'
import { LRUCache } from 'lru-cache'

import { judge } from './answer.ts'
import type { DnsReply, NoRecords, RecordType, RecordTypes } from './dns-record.ts'
import { exchange } from './exchange.ts'
import type { ResolvConf } from './resolv-conf.ts'
import { isEncodable, type SearchOptions, searchNames } from './search-names.ts'
import { Slots } from './slots.ts'
import type { Transport } from './transport.ts'

/** Bounds of what is kept and of what is under way. */
export interface DnsClientOptions {
  /** Records kept; an answer without any counts as one. What was not used for longest goes. */
  readonly cacheMaxRecords: number
  /** Longest time that records are kept, whatever their TTL says, in ms. */
  readonly cacheMaxTtlMs: number
  /** The same for answers that there are none. Answers that may be better later are not kept. */
  readonly cacheMaxNegativeTtlMs: number
  /** Questions that are asked side by side, each with a socket; others wait. */
  readonly maxQuestions: number
}

/** What DnsClient is given from outside. */
export interface DnsClientPorts {
  /** What resolv.conf(5) says now: `ResolvConfFile`. Another object empties the cache. */
  readonly configuration: () => ResolvConf
  /** `networkTransport`, or what a test has instead. */
  readonly transport: Transport
  /** A message id, 0 to 65535, that nobody can guess: `randomInt(65536)` of node:crypto. */
  readonly randomId: () => number
  readonly clock: Clock
}

/** How a question is asked. */
export interface QueryOptions {
  /** Asks for DNSSEC validation, and trusts the servers with the AD bit. Default: no. */
  readonly dnssec?: boolean | undefined
  /** Default: the name is asked for as it is. */
  readonly search?: SearchOptions | undefined
}

interface Entry {
  readonly reply: DnsReply<RecordTypes[RecordType]>
  readonly expiresMs: number
}

// Postfix follows as many (C-14 of the SMTP client).
const MAX_QUERIES = 10

/**
 * A stub resolver: asks recursive name servers over UDP, and over TCP for what does not fit.
 * Answers are kept by their TTL; questions that are equal and asked at one time become one.
 *
 * Source: RFC 1035, RFC 2308 (negative answers), RFC 5452 (forged answers), RFC 6891 (EDNS).
 */
export class DnsClient {
  readonly #options: DnsClientOptions
  readonly #ports: DnsClientPorts
  readonly #slots: Slots
  readonly #cache: LRUCache<string, Entry>
  readonly #pending = new Map<string, Promise<Entry['reply']>>()
  #conf: ResolvConf
  #next = 0

  constructor(options: DnsClientOptions, ports: DnsClientPorts) {
    this.#options = options
    this.#ports = ports
    this.#slots = new Slots(options.maxQuestions)
    this.#cache = new LRUCache({ maxSize: options.cacheMaxRecords, sizeCalculation: records })
    this.#conf = ports.configuration()
  }

  /**
   * Asks for the records of a name: at once, without a promise, when the answer is known. Never
   * rejects.
   *
   * @param name In ASCII, without dot at the end.
   */
  query<Type extends RecordType>(
    name: string,
    type: Type,
    options: QueryOptions = {},
  ): DnsReply<RecordTypes[Type]> | Promise<DnsReply<RecordTypes[Type]>> {
    this.#heedConfiguration()
    const { search, dnssec = false } = options
    if (search === undefined) return this.#queryAsIs(name, type, dnssec)
    return this.#search(searchNames(name, this.#conf, search), name, type, dnssec)
  }

  /** Forgets all answers. Those that are waited for now will be forgotten, too. */
  clear(): void {
    this.#cache.clear()
    this.#pending.clear()
  }

  #heedConfiguration(): void {
    const conf = this.#ports.configuration()
    if (conf === this.#conf) return
    this.#conf = conf
    this.clear()
  }

  #queryAsIs<Type extends RecordType>(
    name: string,
    type: Type,
    dnssec: boolean,
  ): DnsReply<RecordTypes[Type]> | Promise<DnsReply<RecordTypes[Type]>> {
    const key = `${type}${dnssec ? '+' : ' '}${name.toLowerCase()}`
    const entry = this.#cache.get(key)
    // The key has the type: what is found under it has such records.
    if (entry !== undefined && entry.expiresMs > this.#ports.clock.now()) {
      return entry.reply as DnsReply<RecordTypes[Type]>
    }
    if (!isEncodable(name)) return { kind: 'nxdomain', name, secure: false }
    const pending = this.#pending.get(key) ?? this.#ask(key, name, type, dnssec)
    return pending as Promise<DnsReply<RecordTypes[Type]>>
  }

  #ask(key: string, name: string, type: RecordType, dnssec: boolean): Promise<Entry['reply']> {
    const asking = this.#followAliases(name, type, dnssec).then(({ reply, ttl }) => {
      if (this.#pending.get(key) !== asking) return reply
      this.#pending.delete(key)
      const { cacheMaxTtlMs, cacheMaxNegativeTtlMs } = this.#options
      const maxMs = reply.kind === 'found' ? cacheMaxTtlMs : cacheMaxNegativeTtlMs
      const keepMs = Math.min(ttl * 1000, maxMs)
      if (keepMs > 0) this.#cache.set(key, { reply, expiresMs: this.#ports.clock.now() + keepMs })
      return reply
    })
    this.#pending.set(key, asking)
    return asking
  }

  /** Asks again for the name that a CNAME leads to, where the answer has only that. */
  async #followAliases(
    name: string,
    type: RecordType,
    dnssec: boolean,
  ): Promise<{ reply: Entry['reply']; ttl: number }> {
    const conf = this.#conf
    const trusted = dnssec || conf.trustAd
    let end = { name, ttl: Number.POSITIVE_INFINITY, secure: trusted }
    for (let queries = 0; queries < MAX_QUERIES; queries++) {
      if (!isEncodable(end.name)) return failure('malformed', end.name)
      const message = await this.#slots.run(() => this.#exchange(end.name, type, dnssec, conf))
      if (typeof message === 'string') {
        return failure(message === 'silent' ? 'retry' : message, end.name)
      }
      const judged = judge(message, end.name, type, trusted)
      const ttl = Math.min(end.ttl, judged.ttl)
      if ('reply' in judged) {
        const secure = end.secure && judged.reply.secure
        return { reply: { ...judged.reply, secure }, ttl }
      }
      end = { name: judged.target, ttl, secure: end.secure && judged.secure }
    }
    return failure('loop', end.name)
  }

  #exchange(name: string, type: RecordType, dnssec: boolean, conf: ResolvConf) {
    const first = conf.rotate ? this.#next++ % conf.servers.length : 0
    return exchange({ name, type }, dnssec, conf, first, this.#ports)
  }

  /** Ends with the first name that exists, or that nothing can be said about. */
  async #search<Type extends RecordType>(
    names: readonly string[],
    original: string,
    type: Type,
    dnssec: boolean,
  ): Promise<DnsReply<RecordTypes[Type]>> {
    let best: NoRecords = { kind: 'nxdomain', name: original, secure: false }
    for (const name of names) {
      const reply = await this.#queryAsIs(name, type, dnssec)
      if (reply.kind === 'found') return reply
      if (reply.kind !== 'nxdomain') best = { ...reply, name: original }
      if (reply.kind !== 'nxdomain' && reply.kind !== 'nodata') break
    }
    return best
  }
}

function records({ reply }: Entry): number {
  return reply.kind === 'found' ? reply.records.length : 1
}

function failure(kind: NoRecords['kind'], name: string): { reply: NoRecords; ttl: number } {
  return { reply: { kind, name, secure: false }, ttl: 0 }
}
