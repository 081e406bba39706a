import { NetstringError } from './errors.ts'
import { Gatherer } from './gatherer.ts'

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const COMMA = 0x2c

/**
 * Splits a byte stream into netstring payloads. Does no I/O: push chunks as they arrive.
 * Stricter than Postfix netstring(3), which also reads `:,` and `007:` as lengths: for those,
 * and for nested netstrings, see `NetstringReader`.
 *
 * @see https://cr.yp.to/proto/netstrings.txt
 */
export class NetstringDecoder {
  readonly #maxBytes: number
  #length = -1 // The length read so far; -1 before its first digit.
  #payload: Gatherer | undefined // Undefined while reading a length.

  /** @param maxBytes Largest payload to accept, in bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Yields each payload that `chunk` completes: a view of `chunk` if it holds the whole payload,
   * else a buffer of its own. Drain the generator: stopping early drops the rest of `chunk`.
   *
   * @throws {NetstringError} `malformed` or `too-large`, after yielding what came before.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let at = 0
    while (at < chunk.length) {
      if (this.#payload === undefined) this.#readLength(chunk[at++]!)
      else if (this.#payload.missing > 0) at += this.#payload.take(chunk, at)
      else yield this.#finish(this.#payload, chunk[at++]!)
    }
  }

  /** Call at end of stream. @throws {NetstringError} `truncated` if inside a netstring. */
  end(): void {
    if (this.#length >= 0) throw new NetstringError('truncated', 'ended inside a netstring')
  }

  #readLength(byte: number): void {
    if (byte === COLON && this.#length >= 0) {
      this.#payload = new Gatherer(this.#length)
    } else if (byte >= ZERO && byte <= NINE && this.#length !== 0) {
      this.#length = Math.max(this.#length, 0) * 10 + (byte - ZERO)
      // Checked at every digit, so an endless length can neither overflow nor keep us reading.
      if (this.#length > this.#maxBytes) {
        throw new NetstringError('too-large', `payload exceeds ${this.#maxBytes} bytes`)
      }
    } else {
      throw new NetstringError('malformed', 'expected a decimal length without leading zeros')
    }
  }

  #finish({ bytes }: Gatherer, byte: number): Uint8Array {
    if (byte !== COMMA) throw new NetstringError('malformed', 'expected "," after the payload')
    this.#length = -1
    this.#payload = undefined
    return bytes
  }
}
