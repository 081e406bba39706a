import type { Clock } from '@posthouse/clock'

import { type ConnectionTimes, LookupConnection } from './network-lookup-client-connection.ts'
import type { Endpoint } from './network-lookup-client-endpoint.ts'

/** What a client of a lookup server is made of. */
export interface LookupClientOptions {
  readonly endpoint: Endpoint
  readonly times: ConnectionTimes
  readonly clock: Clock
  /** Takes a warning when lookups start to be turned away; again after all were served. */
  readonly warn: (text: string) => void
  /** The error for a lookup that is turned away. */
  readonly fail: (reason: string) => Error
}

interface Waiting<Reply> {
  readonly sinceMs: number
  readonly start: (connection: LookupConnection<Reply>) => void
  readonly reject: (error: Error) => void
}

const MAX_CONNECTIONS = 10
const MAX_WAITING = 1000
const MAX_WAIT_MS = 30_000

/**
 * At most 10 connections to one server, which lookups share, each taking one for as long as its
 * attempts last. Where Postfix has a process for each lookup, here up to 1000 wait for a
 * connection, in order, each for 30 s at most. Those beyond either limit fail at once, with one
 * warning for all of them: a slow server holds up nothing but lookups in its own table.
 */
export class LookupClient<Reply> {
  readonly #options: LookupClientOptions
  readonly #free: LookupConnection<Reply>[] = []
  readonly #busy = new Set<LookupConnection<Reply>>()
  #waiting: Waiting<Reply>[] = []
  #cancelWait: (() => void) | undefined
  #turnsAway = false
  #closed: Error | undefined

  constructor(options: LookupClientOptions) {
    this.#options = options
  }

  /** Runs `lookup` with a connection of its own, when there is one. Rejects as `lookup` does. */
  run<T>(lookup: (connection: LookupConnection<Reply>) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const connection = this.#takeFree()
    if (connection !== undefined) return this.#runWith(connection, lookup)
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(this.#turnAway(`more than ${MAX_WAITING} lookups are waiting`))
    }
    return new Promise((resolve, reject) => {
      const start = (freed: LookupConnection<Reply>): void => {
        this.#runWith(freed, lookup).then(resolve, reject)
      }
      this.#waiting.push({ sinceMs: this.#options.clock.now(), start, reject })
      this.#watchWaiting()
    })
  }

  /** Closes all connections. Lookups under way, waiting and to come are rejected. */
  close(): void {
    if (this.#closed !== undefined) return
    const error = this.#options.fail('the table is closed')
    this.#closed = error
    this.#cancelWait?.()
    for (const connection of [...this.#free, ...this.#busy]) connection.close(error)
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
  }

  // The last one used comes first, so that those above the need become idle and close.
  #takeFree(): LookupConnection<Reply> | undefined {
    const { endpoint, times, clock } = this.#options
    const kept = this.#free.pop()
    if (kept !== undefined || this.#busy.size >= MAX_CONNECTIONS) return kept
    return new LookupConnection(endpoint, times, clock)
  }

  async #runWith<T>(
    connection: LookupConnection<Reply>,
    lookup: (connection: LookupConnection<Reply>) => Promise<T>,
  ): Promise<T> {
    this.#busy.add(connection)
    try {
      return await lookup(connection)
    } finally {
      this.#busy.delete(connection)
      this.#release(connection)
    }
  }

  #release(connection: LookupConnection<Reply>): void {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next.start(connection)
    } else {
      this.#turnsAway = false
      this.#free.push(connection)
    }
  }

  // One timer for all that wait: they came in order, so the first is the first to have waited long.
  #watchWaiting(): void {
    const first = this.#waiting[0]
    if (first === undefined || this.#cancelWait !== undefined) return
    const leftMs = first.sinceMs + MAX_WAIT_MS - this.#options.clock.now()
    this.#cancelWait = this.#options.clock.after(Math.max(leftMs, 0), () => {
      this.#cancelWait = undefined
      this.#turnAwayLate()
      this.#watchWaiting()
    })
  }

  #turnAwayLate(): void {
    const sinceMs = this.#options.clock.now() - MAX_WAIT_MS
    while (this.#waiting[0] !== undefined && this.#waiting[0].sinceMs <= sinceMs) {
      const reason = `all ${MAX_CONNECTIONS} connections were busy for ${MAX_WAIT_MS / 1000} s`
      this.#waiting.shift()?.reject(this.#turnAway(reason))
    }
  }

  #turnAway(reason: string): Error {
    const error = this.#options.fail(reason)
    if (!this.#turnsAway) this.#options.warn(error.message)
    this.#turnsAway = true
    return error
  }
}
