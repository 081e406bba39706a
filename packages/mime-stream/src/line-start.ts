const LF = 0x0a
const NOTHING = Buffer.alloc(0)

/** Gathers the first bytes of a line that may be split over chunks: all of it, up to a limit. */
export class LineStart {
  readonly #maxBytes: number
  #held: Buffer = NOTHING // Few lines are split, so it is made when it is needed.
  #length = 0

  /** @param maxBytes So many bytes are enough to tell what a line is; its LF included. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of an unfinished beginning. */
  get length(): number {
    return this.#length
  }

  /** Where the beginning ends of the line that goes on at `at`; -1 if that is in a later chunk. */
  endIn(chunk: Buffer, at: number): number {
    const enough = at + this.#maxBytes - this.#length
    const limit = Math.min(enough, chunk.length)
    // Most lines are short: looking at each byte costs less than a native call.
    for (let next = at; next < limit; ) if (chunk[next++] === LF) return next
    return limit === enough ? enough : -1
  }

  /** Takes the bytes from `at` to `end`, with which the line goes on. Copies. */
  hold(chunk: Buffer, at: number, end: number): void {
    if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(this.#maxBytes)
    chunk.copy(this.#held, this.#length, at, end)
    this.#length += end - at
  }

  /** What is held, which is then forgotten. */
  flush(): Buffer {
    const line = Buffer.from(this.#held.subarray(0, this.#length))
    this.#length = 0
    return line
  }
}
