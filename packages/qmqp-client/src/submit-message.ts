import { connect, type Socket } from 'node:net'

import { type Clock, systemClock } from '@posthouse/clock'
import { NetstringError, NetstringReader } from '@posthouse/netstring'

import { encodeQmqpRequest, type QmqpSubmission } from './request.ts'
import { parseReply, type QmqpClientPhase, type QmqpVerdict } from './verdict.ts'

const MAX_REPLY_BYTES = 10_240
const CONNECT_TIMEOUT_MS = 10_000
const REPLY_TIMEOUT_MS = 300_000

/** Where a server listens: a TCP port, usually 628, or a UNIX-domain socket. */
export type QmqpServerAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }

export interface SubmitOptions {
  /** Longest wait for the connection. Default 10 s, as qmail-qmqpc. */
  readonly connectTimeoutMs?: number
  /** Longest pause in sending, and longest wait for the whole reply. Default 300 s. */
  readonly replyTimeoutMs?: number
  /** Longest time for all of it, all servers included if there are several. Default: no limit. */
  readonly totalTimeoutMs?: number
  /** Breaks off: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Default `systemClock`. */
  readonly clock?: Clock
}

/**
 * Hands one message to one QMQP server: one connection, one write, one verdict (rule Q-815).
 * Whatever goes wrong on the way is a `temporary` verdict, not a rejection.
 *
 * @throws the reason of `signal`, once it is aborted. The message may have been taken by then.
 */
export async function submitMessage(
  server: QmqpServerAddress,
  message: QmqpSubmission,
  options: SubmitOptions = {},
): Promise<QmqpVerdict> {
  options.signal?.throwIfAborted()
  return new Submission(connect(server), options).run(encodeQmqpRequest(message))
}

const FAILURES = {
  malformed: 'netstring format error',
  'too-large': 'netstring size exceeds limit',
  truncated: 'lost connection',
} as const

class Submission {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #connectTimeoutMs: number
  readonly #replyTimeoutMs: number
  readonly #totalTimeoutMs: number | undefined
  readonly #signal: AbortSignal | undefined
  readonly #reply = new NetstringReader()
  readonly #verdict = Promise.withResolvers<QmqpVerdict>()
  #phase: QmqpClientPhase = 'connecting'
  #cancelTimer: () => void = () => undefined

  constructor(socket: Socket, options: SubmitOptions) {
    this.#socket = socket
    this.#clock = options.clock ?? systemClock
    this.#connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#replyTimeoutMs = options.replyTimeoutMs ?? REPLY_TIMEOUT_MS
    this.#totalTimeoutMs = options.totalTimeoutMs
    this.#signal = options.signal
  }

  async run(request: Buffer): Promise<QmqpVerdict> {
    const abort = () => this.#verdict.reject(this.#signal?.reason)
    this.#signal?.addEventListener('abort', abort, { once: true })
    const cancelTotal = this.#limitTotal()
    this.#listen(request)
    try {
      return await this.#verdict.promise
    } finally {
      this.#signal?.removeEventListener('abort', abort)
      cancelTotal()
      this.#cancelTimer()
      this.#socket.destroy()
    }
  }

  #limitTotal(): () => void {
    if (this.#totalTimeoutMs === undefined) return () => undefined
    return this.#clock.after(this.#totalTimeoutMs, () => {
      this.#fail(`timeout while ${this.#phase}`)
    })
  }

  #listen(request: Buffer): void {
    const socket = this.#socket
    socket.setNoDelay(true)
    this.#limit(this.#connectTimeoutMs)
    socket.once('connect', () => this.#send(request))
    // A server may answer before the request is out, when it does not want it.
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.once('end', () => this.#end())
    socket.once('timeout', () => this.#fail(`timeout while ${this.#phase}`))
    socket.once('error', ({ message }) => {
      this.#fail(this.#phase === 'connecting' ? message : `lost connection while ${this.#phase}`)
    })
  }

  /** In one write: qmqp-sink and others lose a request that comes in pieces. */
  #send(request: Buffer): void {
    this.#phase = 'sending message'
    this.#cancelTimer()
    this.#socket.setTimeout(this.#replyTimeoutMs)
    this.#socket.write(request, (error) => {
      if (error) return // An `error` event tells.
      this.#phase = 'receiving server reply'
      this.#socket.setTimeout(0)
      this.#limit(this.#replyTimeoutMs)
    })
  }

  #receive(chunk: Buffer): void {
    this.#reply.push(chunk)
    this.#read()
  }

  #end(): void {
    this.#reply.end()
    this.#read()
  }

  #read(): void {
    try {
      const payload = this.#reply.read(MAX_REPLY_BYTES)
      if (payload !== undefined) this.#verdict.resolve(parseReply(payload, this.#phase))
    } catch (error) {
      if (!(error instanceof NetstringError)) throw error
      this.#fail(`${FAILURES[error.code]} while receiving server reply`)
    }
  }

  #limit(timeoutMs: number): void {
    this.#cancelTimer = this.#clock.after(timeoutMs, () => {
      this.#fail(`timeout while ${this.#phase}`)
    })
  }

  #fail(text: string): void {
    this.#verdict.resolve({ kind: 'temporary', text, failedAt: this.#phase })
  }
}
