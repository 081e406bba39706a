import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/**
 * What of a TCP socket a connection uses, in memory: `arrive`, `halfClose` and `reset` are the
 * peer's doings, `sent` is what it would have received.
 */
export class MemorySocket extends Duplex {
  readonly remoteAddress = '192.0.2.7'
  readonly remotePort = 4711
  readonly localAddress = '192.0.2.1'
  readonly sent: Buffer[] = []
  readonly #takes: boolean

  /** @param takes Whether the peer takes what is sent; else a write fails. */
  constructor(takes: boolean) {
    super({ allowHalfOpen: true })
    this.#takes = takes
  }

  arrive(chunk: Buffer): void {
    if (!this.destroyed) this.push(chunk)
  }

  halfClose(): void {
    if (!this.destroyed) this.push(null)
  }

  reset(): void {
    this.destroy(new Error('read ECONNRESET'))
  }

  override _read(): void {
    // Bytes come by `arrive`.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#takes) this.sent.push(chunk)
    done(this.#takes ? undefined : new Error('write EPIPE'))
  }
}

/** What of a socket a `MemorySocket` has not must not be used: the fuzz test would fail. */
export function asSocket(socket: unknown): Socket {
  return socket as Socket
}
