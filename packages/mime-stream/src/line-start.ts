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

  /**
   * Takes from a chunk, whose bytes at `at` go on with the line.
   *
   * @returns the beginning of the line, a view of the chunk if all of it is there; undefined if
   *   the whole chunk was taken and more is needed.
   */
  take(chunk: Buffer, at: number): { line: Buffer; end: number; isView: boolean } | undefined {
    const lf = chunk.indexOf(LF, at)
    const lineEnd = lf < 0 ? chunk.length : lf + 1
    const room = this.#maxBytes - this.#length
    const end = Math.min(lineEnd, at + room)
    const isEnough = lf >= 0 || end === at + room
    if (isEnough && this.#length === 0) {
      return { line: chunk.subarray(at, end), end, isView: true }
    }
    if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(this.#maxBytes)
    chunk.copy(this.#held, this.#length, at, end)
    this.#length += end - at
    return isEnough ? { line: this.flush(), end, isView: false } : undefined
  }

  /** What is held, which is then forgotten. */
  flush(): Buffer {
    const line = Buffer.from(this.#held.subarray(0, this.#length))
    this.#length = 0
    return line
  }
}
