import { Socket } from 'node:net'

import type { VirtualClock } from '@posthouse/clock'

/** A socket without a network, whose time limits are those of a virtual clock. */
export class VirtualSocket extends Socket {
  readonly #clock: VirtualClock
  readonly #onBytes: (bytes: Buffer) => void
  #limitMs = 0
  #cancel: () => void = () => undefined

  /**
   * @param onBytes gets what is written.
   * @param connects at once; otherwise never.
   */
  constructor(clock: VirtualClock, onBytes: (bytes: Buffer) => void, connects: boolean = true) {
    super()
    this.#clock = clock
    this.#onBytes = onBytes
    if (connects) clock.after(0, () => this.emit('connect'))
  }

  /** Bytes of the other side. */
  arrive(bytes: Buffer): void {
    if (this.destroyed) return
    this.#restart()
    this.push(bytes)
  }

  /** The other side has closed. */
  hangUp(): void {
    if (!this.destroyed) this.push(null)
  }

  override setTimeout(limitMs: number): this {
    this.#limitMs = limitMs
    this.#restart()
    return this
  }

  override _read(): void {}

  override _write(data: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.#restart()
    this.#onBytes(typeof data === 'string' ? Buffer.from(data, encoding) : data)
    done()
  }

  override _writev(
    parts: { readonly chunk: Buffer | string; readonly encoding: BufferEncoding }[],
    done: () => void,
  ): void {
    for (const { chunk, encoding } of parts) this._write(chunk, encoding, () => undefined)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancel()
    super._destroy(error, done)
  }

  #restart(): void {
    this.#cancel()
    this.#cancel = () => undefined
    if (this.#limitMs === 0) return
    this.#cancel = this.#clock.after(this.#limitMs, () => this.emit('timeout'))
  }
}
