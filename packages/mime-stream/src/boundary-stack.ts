const DASH = 0x2d

/** A line that was found to be a boundary. */
export interface BoundaryMatch {
  /** `--boundary--`: the multipart ends. */
  readonly isClosing: boolean
  /** Parts of a `multipart/digest` are messages unless they say otherwise. */
  readonly isDigest: boolean
}

interface Level {
  readonly boundary: Buffer
  readonly isDigest: boolean
}

/** The boundaries of the multiparts that are open, the innermost last. */
export class BoundaryStack {
  readonly #levels: Level[] = []
  readonly #maxBytes: number
  readonly #maxLevels: number

  /**
   * @param maxBytes `mime_boundary_length_limit`: only so much of a boundary is compared (C-167).
   * @param nestingLimit `mime_nesting_limit`. As in Postfix, two more are let through.
   */
  constructor(maxBytes: number, nestingLimit: number) {
    this.#maxBytes = maxBytes
    this.#maxLevels = nestingLimit + 2
  }

  get isEmpty(): boolean {
    return this.#levels.length === 0
  }

  /** @returns false, and nothing is pushed, when there are too many levels. */
  push(boundary: string, isDigest: boolean): boolean {
    if (this.#levels.length >= this.#maxLevels) return false
    const bytes = Buffer.from(boundary.slice(0, this.#maxBytes), 'latin1')
    this.#levels.push({ boundary: bytes, isDigest })
    return true
  }

  /**
   * Whether a line is a boundary of any open multipart: it begins with `--` and the boundary, and
   * anything may follow. Multiparts inside that one end, and it ends itself if `--` follows.
   */
  take(line: Buffer): BoundaryMatch | undefined {
    if (line[0] !== DASH || line[1] !== DASH) return undefined
    for (let at = this.#levels.length - 1; at >= 0; at--) {
      const { boundary, isDigest } = this.#levels[at]!
      const end = 2 + boundary.length
      if (line.length < end || line.compare(boundary, 0, boundary.length, 2, end) !== 0) continue
      const isClosing = line[end] === DASH && line[end + 1] === DASH
      this.#levels.length = isClosing ? at : at + 1
      return { isClosing, isDigest }
    }
    return undefined
  }
}
