const FIRST_BYTES = 4096
const NO_BYTES = new Uint8Array(0)

/** Collects a payload of known length from chunks. Its memory follows what came, not the length. */
export class Gatherer {
  readonly #length: number
  #bytes: Uint8Array = NO_BYTES
  #filled = 0

  /** @param length Bytes to collect. */
  constructor(length: number) {
    this.#length = length
  }

  /** Bytes still to come. */
  get missing(): number {
    return this.#length - this.#filled
  }

  /** All bytes, once `missing` is 0: a view if one chunk held them all, else a copy. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Takes what belongs to the payload, from `chunk[start]` on. @returns how many bytes it took. */
  take(chunk: Uint8Array, start: number): number {
    const count = Math.min(this.missing, chunk.length - start)
    if (count === this.#length) this.#bytes = chunk.subarray(start, start + count)
    else this.#copy(chunk, start, count)
    this.#filled += count
    return count
  }

  // Chunks are copied, not kept: a peer that sends single bytes would make each cost a whole chunk.
  #copy(chunk: Uint8Array, start: number, count: number): void {
    const needed = this.#filled + count
    if (needed > this.#bytes.length) {
      const capacity = Math.min(this.#length, Math.max(2 * needed, FIRST_BYTES))
      const grown = Buffer.allocUnsafeSlow(capacity)
      grown.set(this.#bytes.subarray(0, this.#filled))
      this.#bytes = grown
    }
    this.#bytes.set(chunk.subarray(start, start + count), this.#filled)
  }
}
