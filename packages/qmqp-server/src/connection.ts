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
// A client that is gone already.
const NOBODY = { name: UNKNOWN, address: UNKNOWN, port: UNKNOWN }

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
  readonly #onOver: () => void
  readonly #arrivalTimeMs: number
  #unfinished = 2 // The socket and the service.
  #label = '' // The client in replies and logs.
  #client: QmqpClientIdentity | undefined
  #transaction: T | undefined
  #id = NO_QUEUE_ID
  #reader: QmqpRequestReader | undefined // Undefined before anything is read.
  #isReading = false // Until the request ends in one way or another.
  #inputTimeMs = 0 // When the client was heard of.
  #cancelWait: (() => void) | undefined // The wait for more of the request.
  #trace: Trace | undefined // Undefined unless the log is verbose.

  /** @param onOver Called when the service has ended and the socket is closed. */
  constructor(
    socket: Socket,
    options: QmqpServerOptions<T>,
    setAside: SetAside,
    onOver: () => void,
  ) {
    this.#socket = socket
    this.#options = options
    this.#setAside = setAside
    this.#onOver = onOver
    this.#arrivalTimeMs = options.clock.now()
    socket.allowHalfOpen = true // A client may half-close and still expects its reply.
    // A `close` follows, and counts as end of file; after the reply it is normal.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#endInput()
      this.#finishOne()
    })
  }

  /** Serves the client, up to the reply; the socket may linger for a while. */
  serve(): void {
    goOn(this.#identify(), (client) => {
      const { clientPortLogging, log } = this.#options
      this.#client = client
      this.#label = formatClient(client ?? NOBODY, clientPortLogging)
      log.info(`connect from ${this.#label}`, this.#fields('connect'))
      if (client === undefined) this.#leave('lost connection', 'initializing client connection')
      else goOn(this.#startTrace(client), () => this.#admit(client))
    })
  }

  #identify(): Later<QmqpClientIdentity | undefined> {
    const peer = peerAddress(this.#socket)
    if (peer === undefined) return undefined
    if (peer === LOCAL_CLIENT) return LOCAL_CLIENT
    const name = this.#lookupName(peer)
    const named = (found: string): QmqpClientIdentity => ({ ...peer, name: found })
    return name instanceof Promise ? name.then(named) : named(name)
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

  #admit(client: QmqpClientIdentity): void {
    goOn(this.#authorize(client), (refusal) => {
      if (refusal !== undefined) {
        this.#turnAway(refusal)
        return
      }
      this.#trace?.step('authorized')
      this.#open(client).then(
        (reply) => (reply === undefined ? this.#receive() : this.#turnAway(reply)),
        (error) => {
          this.#options.log.error(`${this.#label}: ${messageOf(error)}`, this.#fields())
          this.#close()
        },
      )
    })
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

  #turnAway(reply: QmqpReply): void {
    goOn(this.#send(reply), (failure) => {
      if (failure !== undefined) this.#leave(failure, 'initializing client connection')
      else this.#linger()
    })
  }

  /** @returns why no message can begin now. */
  async #open(client: QmqpClientIdentity): Promise<QmqpReply | undefined> {
    const { open, unavailable } = this.#options
    const answer = unavailable?.()
    const reply = answer instanceof Promise ? await answer : answer
    if (reply === undefined) this.#transaction = await open?.(client)
    return reply
  }

  /** Reads until the request ends. Nothing was read before. */
  #receive(): void {
    const { clock, log } = this.#options
    const socket = this.#socket
    const trace = this.#trace
    if (this.#transaction !== undefined) this.#id = this.#transaction.id
    log.info(`${this.#id}: client=${this.#label}`, this.#fields('client'))
    this.#reader = new QmqpRequestReader(this.#options, trace && ((step) => trace.step(step)))
    this.#isReading = true
    this.#inputTimeMs = clock.now()
    this.#wait()
    // Stays on after the end: surplus bytes are read and dropped, so that they cannot cause a
    // reset when the socket is closed.
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('end', () => this.#endInput())
    if (socket.destroyed) this.#endInput()
    socket.resume()
  }

  /** Waits for as long as the client may be silent, and the whole may take. */
  #wait(): void {
    const { clock, daemonTimeoutMs, timeoutMs } = this.#options
    const nowMs = clock.now()
    const leftMs = this.#arrivalTimeMs + daemonTimeoutMs - nowMs
    const silenceMs = this.#inputTimeMs + timeoutMs - nowMs
    if (leftMs <= 0) this.#end({ kind: 'expired' })
    else if (silenceMs <= 0) this.#end(this.#reader!.timeout())
    else {
      const delayMs = Math.min(leftMs, silenceMs, MAX_DELAY_MS)
      this.#cancelWait = clock.after(delayMs, () => this.#wait())
    }
  }

  #take(chunk: Buffer): void {
    this.#trace?.received(chunk)
    const end = this.#reader?.push(chunk)
    if (end !== undefined) {
      this.#end(end)
      return
    }
    this.#inputTimeMs = this.#options.clock.now()
    this.#trace?.detail(`waiting for ${this.#reader?.waitsFor}`)
  }

  #endInput(): void {
    if (this.#reader !== undefined) this.#end(this.#reader.end())
  }

  #end(end: ReceiveEnd): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#cancelWait?.()
    this.#trace?.step(describeEnd(end))
    if (end.kind === 'complete') {
      void this.#submit(end.request).then((reply) => this.#conclude(reply))
      return
    }
    const { log, onAbort } = this.#options
    if (this.#transaction !== undefined) onAbort?.(this.#transaction)
    if (end.kind === 'refused') this.#conclude({ kind: 'permanent', text: end.text })
    else if (end.kind === 'aborted') this.#breakOff(end)
    else {
      log.fatal('watchdog timeout', this.#fields())
      this.#close()
    }
  }

  #breakOff({ what, where, answered }: QmqpRequestEnd & { readonly kind: 'aborted' }): void {
    if (!answered) {
      this.#leave(what, where)
      return
    }
    goOn(this.#send({ kind: 'permanent', text: `${what} while ${where}` }), () => {
      this.#logBreak(what, where)
      this.#linger()
    })
  }

  async #submit(request: QmqpRequest): Promise<QmqpReply> {
    const { log, onMessage } = this.#options
    const client = this.#client! // Nothing is read from who is gone.
    const message = { ...request, client, arrivalTimeMs: this.#arrivalTimeMs }
    this.#trace?.detail('storing the message')
    try {
      const reply = await onMessage(message, this.#transaction)
      // Nobody may be told that a message for nobody was taken.
      if (reply.kind !== 'ok' || request.recipients.length > 0) return reply
      return { kind: 'permanent', text: 'Error: no recipients specified' }
    } catch (error) {
      log.warning(`${this.#id}: ${messageOf(error)}`, this.#fields())
      return { kind: 'temporary', text: 'Error: queue file write error' }
    }
  }

  /** Answers a request that was read whole. */
  #conclude(reply: QmqpReply): void {
    if (reply.kind !== 'ok') {
      const text = `${this.#id}: ${this.#label}: ${reply.text}`
      this.#options.log.warning(text, this.#fields(undefined, reply.text))
    }
    goOn(this.#send(reply), (failure) => {
      if (failure !== undefined) this.#leave(failure, 'sending completion status')
      else if (reply.kind === 'ok' && this.#reader?.surplus === 0) this.#close()
      else this.#linger()
    })
  }

  /** Sends a reply, a bad one after the error delay. @returns why that failed. */
  #send(reply: QmqpReply): Later<SendFailure | undefined> {
    const { clock, errorDelayMs } = this.#options
    if (reply.kind === 'ok' || errorDelayMs <= 0) return this.#write(reply)
    this.#trace?.step(`waiting ${errorDelayMs / 1000} s before a reply that is not ok`)
    return new Promise((resolve) => {
      clock.after(Math.min(errorDelayMs, MAX_DELAY_MS), () => resolve(this.#write(reply)))
    })
  }

  #write(reply: QmqpReply): Later<SendFailure | undefined> {
    const { clock, softBounce, timeoutMs } = this.#options
    const socket = this.#socket
    const bytes = encodeReply(reply, softBounce)
    this.#trace?.step(`reply: ${reply.kind}, ${reply.text}`)
    this.#trace?.sent(bytes)
    socket.write(bytes)
    // Mostly the system has it all by now. To close in the same turn is less work for both ends.
    if (socket.writableLength === 0 && !socket.destroyed && !socket.errored) return undefined
    const { promise, resolve } = Promise.withResolvers<SendFailure | undefined>()
    socket.end((error?: unknown) => resolve(error ? 'lost connection' : undefined))
    return promise.finally(clock.after(timeoutMs, () => resolve('read/write timeout')))
  }

  /** Closes without a reply, or after one that did not go out. */
  #leave(what: string, where: string): void {
    this.#logBreak(what, where)
    this.#close()
  }

  #logBreak(what: string, where: string): void {
    const reason = `${what} while ${where}`
    const text = `${this.#id}: ${this.#label}: ${reason}`
    this.#options.log.info(text, this.#fields(undefined, reason))
  }

  #close(): void {
    this.#socket.destroy()
    this.#finish()
  }

  /** Closes our side and gives the client a moment to take the reply and close its own. */
  #linger(): void {
    const socket = this.#socket
    if (!socket.destroyed) {
      const cancel = this.#options.clock.after(LINGER_MS, () => socket.destroy())
      socket.once('close', cancel)
      socket.end()
      socket.resume()
    }
    this.#finish()
  }

  #finish(): void {
    this.#options.log.info(`disconnect from ${this.#label}`, this.#fields('disconnect'))
    this.#trace = undefined // What comes while the socket lingers is not told of.
    this.#finishOne()
  }

  /** In either order: a client may leave while its message is still being stored. */
  #finishOne(): void {
    this.#unfinished -= 1
    if (this.#unfinished > 0) return
    // A socket that is over stays in memory until there is a large garbage collection. What listens
    // would stay, too, and the next socket with it: each small collection would copy all of them.
    this.#socket.removeAllListeners()
    this.#onOver()
  }

  /** What log lines tell of this connection, as data. */
  #fields(event?: LogEventName, reason?: string): EventFields {
    const { name: clientName, address: clientAddress } = this.#client ?? {}
    const queueId = this.#id === NO_QUEUE_ID ? undefined : this.#id
    return { event, queueId, clientName, clientAddress, reason }
  }
}

/** At once where nothing is waited for. */
function goOn<Value>(value: Later<Value>, next: (value: Value) => void): void {
  if (value instanceof Promise) void value.then(next)
  else next(value)
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
