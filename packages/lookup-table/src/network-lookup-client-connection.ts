import { connect, type Socket } from 'node:net'

import type { Clock } from '@posthouse/clock'

import type { Endpoint } from './network-lookup-client-endpoint.ts'
import { networkErrorText, unknownNameText } from './network-lookup-client-text.ts'

/** Takes one reply out of a stream of bytes. Never throws: a malformed reply is a reply too. */
export interface ReplyReader<Reply> {
  /** The reply, if `chunk` completes it: the last call then. May keep views of `chunk`. */
  push(chunk: Buffer): Reply | undefined
  /** The server closes the connection: the reply, if that makes it one. */
  end(): Reply | undefined
  /** After a reply: whether the next byte would be the first of another one. */
  readonly inStep: boolean
}

/** How one request ended. */
export type Exchange<Reply> =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** No connection. `unknown` says why host or service have no address, if that is the reason. */
  | { readonly kind: 'unreachable'; readonly text: string; readonly unknown?: string }
  /** The connection ended before the reply did. */
  | { readonly kind: 'lost'; readonly text: string }
  /** The time limit was over first. */
  | { readonly kind: 'late' }

/** How long connections are kept, in ms. */
export interface ConnectionTimes {
  /** Closed after this time without a request. */
  readonly maxIdleMs: number
  /** Not used for another request after this time. */
  readonly maxLifetimeMs: number
}

interface Pending<Reply> {
  readonly reader: ReplyReader<Reply>
  readonly resolve: (exchange: Exchange<Reply>) => void
  readonly reject: (error: Error) => void
  readonly cancelLimit: () => void
}

// An address of several gets this long; net.connect would give it a quarter of a second.
const ADDRESS_ATTEMPT_MS = 10_000
const NO_ADDRESS = 'Cannot assign requested address'
const NO_SERVICE = 'Servname not supported for ai_socktype'

/**
 * A connection that is opened when it is needed and kept for the next request. One request at a
 * time: the next may be made when the promise of the last has settled. A reply that does not come,
 * or bytes that nobody asked for, end the connection, so that no reply can pass for another's.
 *
 * Between requests it does not keep the process alive.
 */
export class LookupConnection<Reply> {
  readonly #endpoint: Endpoint
  readonly #times: ConnectionTimes
  readonly #clock: Clock
  #socket: Socket | undefined
  #openedMs = 0
  #usedMs = 0
  #cancelIdle: (() => void) | undefined
  #pending: Pending<Reply> | undefined
  #abortPause: ((error: Error) => void) | undefined
  #closed: Error | undefined

  constructor(endpoint: Endpoint, times: ConnectionTimes, clock: Clock) {
    this.#endpoint = endpoint
    this.#times = times
    this.#clock = clock
  }

  /**
   * Sends `request` and waits for the reply, `limitMs` for everything: finding the address,
   * connecting, sending, receiving. Rejects only with what `close` is given.
   */
  exchange(
    request: Uint8Array,
    reader: ReplyReader<Reply>,
    limitMs: number,
  ): Promise<Exchange<Reply>> {
    const endpoint = this.#endpoint
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (endpoint.kind === 'unknown-service') {
      return Promise.resolve({ kind: 'unreachable', text: NO_ADDRESS, unknown: NO_SERVICE })
    }
    if (this.#clock.now() - this.#openedMs >= this.#times.maxLifetimeMs) this.#drop()
    return new Promise((resolve, reject) => {
      const cancelLimit = this.#clock.after(limitMs, () => this.#settle({ kind: 'late' }))
      this.#pending = { reader, resolve, reject, cancelLimit }
      this.#socket ??= this.#open(endpoint)
      this.#socket.ref()
      this.#socket.write(request)
    })
  }

  /** Waits. Rejects only with what `close` is given. */
  pause(delayMs: number): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(delayMs, resolve)
      this.#abortPause = (error) => {
        cancel()
        reject(error)
      }
    })
  }

  /** Ends the connection; a request or pause under way, or made later, is rejected with `error`. */
  close(error: Error): void {
    this.#closed = error
    const pending = this.#pending
    this.#pending = undefined
    this.#drop()
    pending?.cancelLimit()
    pending?.reject(error)
    this.#abortPause?.(error)
  }

  #open(endpoint: Exclude<Endpoint, { kind: 'unknown-service' }>): Socket {
    const socket =
      endpoint.kind === 'unix'
        ? connect({ path: endpoint.path })
        : connect({
            host: endpoint.host,
            port: endpoint.port,
            autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
          })
    let connected = false
    let failure: NodeJS.ErrnoException | undefined
    socket.setNoDelay(true)
    socket.on('connect', () => {
      connected = true
    })
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#take(chunk)
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => {
      if (socket === this.#socket) this.#lose(connected, failure)
    })
    this.#openedMs = this.#clock.now()
    return socket
  }

  #take(chunk: Buffer): void {
    const reader = this.#pending?.reader
    const reply = reader?.push(chunk)
    if (reply !== undefined) this.#settle({ kind: 'reply', reply }, reader?.inStep)
    else if (reader === undefined) this.#drop()
  }

  #lose(connected: boolean, failure: NodeJS.ErrnoException | undefined): void {
    if (this.#pending === undefined) {
      this.#drop()
    } else if (connected) {
      const reply = this.#pending.reader.end()
      const lost = { kind: 'lost', text: networkErrorText(failure) } as const
      this.#settle(reply === undefined ? lost : { kind: 'reply', reply })
    } else {
      const unknown = unknownNameText(failure)
      const text = unknown === undefined ? networkErrorText(failure) : NO_ADDRESS
      this.#settle({ kind: 'unreachable', text, ...(unknown === undefined ? {} : { unknown }) })
    }
  }

  #settle(exchange: Exchange<Reply>, keep = false): void {
    const pending = this.#pending
    this.#pending = undefined
    if (keep) this.#rest()
    else this.#drop()
    pending?.cancelLimit()
    pending?.resolve(exchange)
  }

  #rest(): void {
    this.#socket?.unref()
    this.#usedMs = this.#clock.now()
    // One timer for many requests: it looks at the clock when it fires.
    this.#cancelIdle ??= this.#clock.after(this.#times.maxIdleMs, () => this.#checkIdle())
  }

  #checkIdle(): void {
    this.#cancelIdle = undefined
    if (this.#pending !== undefined) return
    const leftMs = this.#usedMs + this.#times.maxIdleMs - this.#clock.now()
    if (leftMs <= 0) this.#drop()
    else this.#cancelIdle = this.#clock.after(leftMs, () => this.#checkIdle())
  }

  #drop(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    this.#socket?.destroy()
    this.#socket = undefined
  }
}
