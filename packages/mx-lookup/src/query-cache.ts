import type { Clock } from '@posthouse/clock'
import { LRUCache } from 'lru-cache'

import type { DnsAnswer } from './dns-answer.ts'

/** Bounds of what is remembered of DNS answers. */
export interface CacheOptions {
  /** Names kept per record type; the one not used for longest goes first. At least 1. */
  readonly cacheMaxNames: number
  /** Longest time that an answer is kept, whatever its TTL says, in ms. */
  readonly cacheMaxTtlMs: number
  /** How long a failed lookup is kept, in ms. */
  readonly cacheNegativeTtlMs: number
}

/** An answer, and how long it may be kept. */
export interface TimedAnswer<Item> {
  readonly answer: DnsAnswer<Item>
  /** Ignored for failures. */
  readonly ttlMs: number
}

interface Entry<Item> {
  readonly answer: DnsAnswer<Item>
  readonly expiresMs: number
}

/** Answers to one type of query. Lookups of one name that run side by side share one query. */
export class QueryCache<Item> {
  readonly #query: (name: string) => Promise<TimedAnswer<Item>>
  readonly #options: CacheOptions
  readonly #clock: Clock
  readonly #entries: LRUCache<string, Entry<Item>>
  readonly #pending = new Map<string, Promise<DnsAnswer<Item>>>()

  /** @param query Asks the name server. Must not reject. */
  constructor(
    query: (name: string) => Promise<TimedAnswer<Item>>,
    options: CacheOptions,
    clock: Clock,
  ) {
    this.#query = query
    this.#options = options
    this.#clock = clock
    this.#entries = new LRUCache({ max: options.cacheMaxNames })
  }

  /** The answer for a name: at once when it is known. */
  get(name: string): DnsAnswer<Item> | Promise<DnsAnswer<Item>> {
    const key = name.toLowerCase()
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.expiresMs > this.#clock.now()) return entry.answer

    let pending = this.#pending.get(key)
    if (pending === undefined) {
      pending = this.#ask(key, name)
      this.#pending.set(key, pending)
    }
    return pending
  }

  async #ask(key: string, name: string): Promise<DnsAnswer<Item>> {
    try {
      const { answer, ttlMs } = await this.#query(name)
      const { cacheMaxTtlMs, cacheNegativeTtlMs } = this.#options
      const keepMs = answer.kind === 'ok' ? Math.min(ttlMs, cacheMaxTtlMs) : cacheNegativeTtlMs
      this.#entries.set(key, { answer, expiresMs: this.#clock.now() + keepMs })
      return answer
    } finally {
      this.#pending.delete(key)
    }
  }
}
