import type { Socket } from 'node:net'
import type { EventFields, LogEventName } from '@posthouse/mail-log'

import {
  formatClient,
  LOCAL_CLIENT,
  peerAddress,
  type QmqpClientAddress,
  type QmqpClientIdentity,
  UNKNOWN,
} from './client-identity.ts'
import type { QmqpServerOptions } from './options.ts'
import { encodeReply, type QmqpReply } from './reply.ts'
import { type QmqpRequest, type QmqpRequestEnd, QmqpRequestReader } from './request-reader.ts'
import { Trace } from './trace.ts'

// How long to wait for a client to take its reply and go, when closing at once would make the
// kernel send a reset that can destroy the reply on its way.
const LINGER_MS = 2000
// What log lines say for a queue id while there is none.
const NO_QUEUE_ID = 'NOQUEUE'
const MAX_DELAY_MS = 2 ** 31 - 1 // The longest that a clock can wait.

/** What is mostly there at once. Waiting for it anyway would cost each connection a promise. */
type Later<Value> = Value | Promise<Value>

/** Waits for an answer, and lets others be served meanwhile. */
export type SetAside = <Answer>(answer: Promise<Answer>) => Promise<Answer>

type SendFailure = 'lost connection' | 'read/write timeout'

/** How reading ended; `expired`: `daemonTimeoutMs` passed. */
type ReceiveEnd = QmqpRequestEnd | { readonly kind: 'expired' }

/**
 * One connection from `connect` to `disconnect` (rule Q-301). The protocol is in
 * `QmqpRequestReader`; here are the socket, the order of things, the replies and the log lines.
 */
export class Connection<T extends { readonly id: string }> {
  readonly #socket: Socket
  readonly #options: QmqpServerOptions<T>
  readonly #setAside: SetAside
  readonly #arrivalTimeMs: number
  #label: string // The client in replies and logs.
  #client: QmqpClientIdentity | undefined
  #id = NO_QUEUE_ID
  #reader: QmqpRequestReader | undefined // Undefined before anything is read.
  #trace: Trace | undefined // Undefined unless the log is verbose.
  #onTimeout: (() => void) | undefined // What the client is waited for at the moment.

  constructor(socket: Socket, options: QmqpServerOptions<T>, setAside: SetAside) {
    this.#socket = socket
    this.#options = options
    this.#setAside = setAside
    const nobody = { name: UNKNOWN, address: UNKNOWN, port: UNKNOWN }
    this.#label = formatClient(nobody, options.clientPortLogging)
    this.#arrivalTimeMs = options.clock.now()
    socket.allowHalfOpen = true // A client may half-close and still expects its reply.
    socket.setNoDelay(true)
    socket.on('timeout', () => this.#onTimeout?.())
    // A `close` follows, and counts as end of file; after the reply it is normal.
    socket.on('error', () => undefined)
  }

  /** Serves the client. Resolves when the reply is out; the socket may linger for a while. */
  async serve(): Promise<void> {
    const { log } = this.#options
    const identifying = this.#identify()
    const client = identifying instanceof Promise ? await identifying : identifying
    log.info(`connect from ${this.#label}`, this.#fields('connect'))
    if (client === undefined) this.#leave('lost connection', 'initializing client connection')
    else {
      const starting = this.#startTrace(client)
      if (starting !== undefined) await starting
      await this.#admit(client)
    }
    this.#trace = undefined // What arrives while the socket lingers is not told of.
    log.info(`disconnect from ${this.#label}`, this.#fields('disconnect'))
  }

  #identify(): Later<QmqpClientIdentity | undefined> {
    const peer = peerAddress(this.#socket)
    if (peer === undefined) return undefined
    const name = peer === LOCAL_CLIENT ? LOCAL_CLIENT.name : this.#lookupName(peer)
    if (name instanceof Promise) return name.then((found) => this.#named(peer, found))
    return this.#named(peer, name)
  }

  #named({ address, port, family }: QmqpClientAddress, name: string): QmqpClientIdentity {
    const client = { name, address, port, family }
    this.#client = client
    this.#label = formatClient(client, this.#options.clientPortLogging)
    return client
  }

  #lookupName(peer: QmqpClientAddress): Later<string> {
    const { lookupName, log } = this.#options
    const fail = (error: unknown): string => {
      log.warning(`host name lookup for ${peer.address}: ${messageOf(error)}`)
      return UNKNOWN
    }
    try {
      const answer = lookupName?.(peer) ?? UNKNOWN
      return answer instanceof Promise ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }

  /** Makes the log of this connection verbose if the client is one of those. */
  #startTrace(client: QmqpClientIdentity): Promise<void> | undefined {
    const { debugLevel, log } = this.#options
    if (debugLevel === undefined) return undefined
    const begin = (level: number): void => this.#traceAt(level)
    const fail = (error: unknown): void => log.warning(messageOf(error))
    try {
      const answer = debugLevel(client)
      if (answer instanceof Promise) return this.#setAside(answer).then(begin).catch(fail)
      begin(answer)
    } catch (error) {
      fail(error)
    }
    return undefined
  }

  #traceAt(level: number): void {
    if (level <= 0) return
    const { clock, log } = this.#options
    this.#trace = new Trace(level, clock, this.#arrivalTimeMs, (text) => {
      log.info(`${this.#id}: ${this.#label}: ${text}`, this.#fields())
    })
    this.#trace.step(`verbose log, level ${level}`)
  }

  async #admit(client: QmqpClientIdentity): Promise<void> {
    const { log, open, unavailable } = this.#options
    const judging = this.#authorize(client)
    const refusal = judging instanceof Promise ? await judging : judging
    if (refusal !== undefined) return this.#turnAway(refusal)
    this.#trace?.step('authorized')
    let transaction: T | undefined
    try {
      const answer = unavailable?.()
      const reply = answer instanceof Promise ? await answer : answer
      if (reply !== undefined) return this.#turnAway(reply)
      transaction = await open?.(client)
    } catch (error) {
      log.error(`${this.#label}: ${messageOf(error)}`, this.#fields())
      this.#socket.destroy()
      return
    }
    if (transaction !== undefined) this.#id = transaction.id
    log.info(`${this.#id}: client=${this.#label}`, this.#fields('client'))
    await this.#transact(client, transaction)
  }

  #authorize(client: QmqpClientIdentity): Later<QmqpReply | undefined> {
    const judge = (isListed: boolean): QmqpReply | undefined => {
      if (isListed) return undefined
      const text = `Error: ${this.#label} is not authorized to use this service`
      return { kind: 'permanent', text }
    }
    const fail = (error: unknown): QmqpReply => {
      this.#options.log.warning(messageOf(error))
      return { kind: 'temporary', text: 'Error: server configuration error' }
    }
    try {
      const answer = this.#options.authorize(client)
      return answer instanceof Promise ? this.#setAside(answer).then(judge, fail) : judge(answer)
    } catch (error) {
      return fail(error)
    }
  }

  async #turnAway(reply: QmqpReply): Promise<void> {
    this.#socket.setTimeout(this.#options.timeoutMs)
    const failure = await this.#send(reply)
    if (failure !== undefined) this.#leave(failure, 'initializing client connection')
    else this.#linger()
  }

  async #transact(client: QmqpClientIdentity, transaction: T | undefined): Promise<void> {
    const { log, onAbort } = this.#options
    const end = await this.#receive()
    this.#trace?.step(describeEnd(end))
    if (end.kind === 'complete') {
      return this.#conclude(await this.#submit(end.request, client, transaction))
    }
    if (transaction !== undefined) onAbort?.(transaction)
    if (end.kind === 'refused') return this.#conclude({ kind: 'permanent', text: end.text })
    if (end.kind === 'expired') {
      log.fatal('watchdog timeout', this.#fields())
      this.#socket.destroy()
      return
    }
    const { what, where, answered } = end
    if (!answered) return this.#leave(what, where)
    await this.#send({ kind: 'permanent', text: `${what} while ${where}` })
    this.#logBreak(what, where)
    this.#linger()
  }

  /** Reads until the request ends in one way or another. Nothing was read before. */
  #receive(): Promise<ReceiveEnd> {
    const { clock, daemonTimeoutMs, timeoutMs } = this.#options
    const socket = this.#socket
    const trace = this.#trace
    const reader = new QmqpRequestReader(this.#options, trace && ((step) => trace.step(step)))
    this.#reader = reader
    const { promise, resolve } = Promise.withResolvers<ReceiveEnd>()
    const leftMs = this.#arrivalTimeMs + daemonTimeoutMs - clock.now()
    const cancel = clock.after(Math.min(Math.max(leftMs, 0), MAX_DELAY_MS), () => {
      resolve({ kind: 'expired' })
    })
    const settle = (end: ReceiveEnd): void => {
      cancel()
      resolve(end)
    }
    const atEnd = () => settle(reader.end())
    // Stays on after the end: surplus bytes are read and dropped, so that they cannot cause a
    // reset when the socket is closed.
    socket.on('data', (chunk: Buffer) => {
      this.#trace?.received(chunk)
      const end = reader.push(chunk)
      if (end !== undefined) settle(end)
      else this.#trace?.detail(`waiting for ${reader.waitsFor}`)
    })
    socket.on('end', atEnd)
    socket.on('close', atEnd)
    // Not assigned in place: V8 keeps such a function, and what it knows, as it does the socket.
    const expire = () => settle(reader.timeout())
    this.#onTimeout = expire
    if (socket.destroyed) atEnd()
    socket.setTimeout(timeoutMs)
    socket.resume()
    return promise
  }

  async #submit(
    request: QmqpRequest,
    client: QmqpClientIdentity,
    transaction: T | undefined,
  ): Promise<QmqpReply> {
    const { log, onMessage } = this.#options
    this.#onTimeout = undefined
    const message = { ...request, client, arrivalTimeMs: this.#arrivalTimeMs }
    this.#trace?.detail('storing the message')
    try {
      const reply = await onMessage(message, transaction)
      // Nobody may be told that a message for nobody was taken.
      if (reply.kind !== 'ok' || request.recipients.length > 0) return reply
      return { kind: 'permanent', text: 'Error: no recipients specified' }
    } catch (error) {
      log.warning(`${this.#id}: ${messageOf(error)}`, this.#fields())
      return { kind: 'temporary', text: 'Error: queue file write error' }
    }
  }

  /** Answers a request that was read whole. */
  async #conclude(reply: QmqpReply): Promise<void> {
    if (reply.kind !== 'ok') {
      const text = `${this.#id}: ${this.#label}: ${reply.text}`
      this.#options.log.warning(text, this.#fields(undefined, reply.text))
    }
    const failure = await this.#send(reply)
    if (failure !== undefined) this.#leave(failure, 'sending completion status')
    else if (reply.kind === 'ok' && this.#reader?.surplus === 0) this.#socket.destroy()
    else this.#linger()
  }

  /** Sends a reply, a bad one after the error delay. @returns why that failed. */
  async #send(reply: QmqpReply): Promise<SendFailure | undefined> {
    const { clock, errorDelayMs, softBounce } = this.#options
    this.#onTimeout = undefined
    if (reply.kind !== 'ok' && errorDelayMs > 0) {
      this.#trace?.step(`waiting ${errorDelayMs / 1000} s before a reply that is not ok`)
      await new Promise<void>((resolve) =>
        clock.after(Math.min(errorDelayMs, MAX_DELAY_MS), resolve),
      )
    }
    const bytes = encodeReply(reply, softBounce)
    this.#trace?.step(`reply: ${reply.kind}, ${reply.text}`)
    this.#trace?.sent(bytes)
    return new Promise((resolve) => {
      const expire = () => resolve('read/write timeout')
      this.#onTimeout = expire
      this.#socket.write(bytes, (error) => resolve(error ? 'lost connection' : undefined))
    })
  }

  /** Closes without a reply, or after one that did not go out. */
  #leave(what: string, where: string): void {
    this.#logBreak(what, where)
    this.#socket.destroy()
  }

  #logBreak(what: string, where: string): void {
    const reason = `${what} while ${where}`
    const text = `${this.#id}: ${this.#label}: ${reason}`
    this.#options.log.info(text, this.#fields(undefined, reason))
  }

  /** What log lines tell of this connection, as data. */
  #fields(event?: LogEventName, reason?: string): EventFields {
    const { name: clientName, address: clientAddress } = this.#client ?? {}
    const queueId = this.#id === NO_QUEUE_ID ? undefined : this.#id
    return { event, queueId, clientName, clientAddress, reason }
  }

  /** Closes our side and gives the client a moment to take the reply and close its own. */
  #linger(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    this.#onTimeout = undefined
    socket.once(
      'close',
      this.#options.clock.after(LINGER_MS, () => socket.destroy()),
    )
    socket.end()
    socket.resume()
  }
}

/** What became of reading, for a verbose log. */
function describeEnd(end: ReceiveEnd): string {
  switch (end.kind) {
    case 'complete': {
      const { recipients, verpDelimiters } = end.request
      const verp = verpDelimiters === undefined ? '' : `, VERP delimiters "${verpDelimiters}"`
      return `request complete: recipients ${recipients.length}${verp}`
    }
    case 'refused':
      return `request complete, refused: ${end.text}`
    case 'aborted':
      return `request broken off: ${end.what} while ${end.where}`
    case 'expired':
      return 'request broken off: it took longer than the time limit of the whole'
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
