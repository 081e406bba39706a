const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e
const SPACE = 0x20
// Per piece of a line at most a stuffed dot, and CR LF SPACE or CR LF behind it.
const PIECE_OVERHEAD = 4

/**
 * Turns message content with lines ended by LF, in chunks of any size, into what follows DATA:
 * CRLF, dots doubled, long lines broken (C-160 to C-162). The output gathers in one buffer until
 * it is taken, so that a small message and the commands behind it are one write.
 */
export class ContentEncoder {
  readonly #lineLimit: number
  readonly #blockBytes: number
  #out: Buffer
  #view: DataView
  #taken = 0
  #end = 0
  #column = 0 // Octets of the current line on the wire, dot-stuffing not counted.
  #broke = false

  /**
   * @param lineLimit `smtp_line_length_limit` in octets, at least 2; 0 breaks no line.
   * @param expectedBytes Size of the content if known: a first guess for the buffer.
   */
  constructor(lineLimit: number, expectedBytes: number) {
    this.#lineLimit = lineLimit === 0 ? Number.POSITIVE_INFINITY : Math.max(2, lineLimit)
    this.#blockBytes = expectedBytes + (expectedBytes >> 4) + 128
    this.#out = Buffer.allocUnsafe(this.#blockBytes)
    this.#view = viewOf(this.#out)
  }

  /** Octets that wait to be taken. */
  get length(): number {
    return this.#end - this.#taken
  }

  /** True once a line was longer than the limit. */
  get brokeLine(): boolean {
    return this.#broke
  }

  /** Encodes a chunk. The chunk is not kept. */
  write(chunk: Uint8Array): void {
    const from = viewOf(chunk)
    let at = 0
    while (at < chunk.length) {
      const start = at
      const limit = Math.min(chunk.length, start + this.#lineLimit - this.#column)
      this.#reserve(limit - start + PIECE_OVERHEAD)
      at = this.#copyLine(from, start, limit)
      this.#column += at - start
      if (at === chunk.length) return
      if (chunk[at] === LF) {
        this.#endLine()
        at++
      } else this.#breakLine()
    }
  }

  /** Ends an unfinished line, and appends `trailer` as it is: ASCII, such as `.` CRLF. */
  end(trailer: string): void {
    this.#reserve(PIECE_OVERHEAD + trailer.length)
    if (this.#column > 0) this.#endLine()
    for (let at = 0; at < trailer.length; at++) this.#out[this.#end++] = trailer.charCodeAt(at)
  }

  /** Hands over the output so far. The bytes are the caller's. */
  take(): Buffer {
    const output = this.#out.subarray(this.#taken, this.#end)
    this.#taken = this.#end
    return output
  }

  /** Copies a line up to its LF, or to `limit`. @returns where that is. */
  #copyLine(from: DataView, start: number, limit: number): number {
    const into = this.#view
    let end = this.#end
    let at = start
    if (this.#column === 0 && from.getUint8(at) === DOT) into.setUint8(end++, DOT)
    // For lines of the usual length, calls that search and copy would take longer than this.
    for (; at + 4 <= limit; at += 4, end += 4) {
      const octets = from.getInt32(at, true)
      if (holdsLf(octets)) break
      into.setInt32(end, octets, true)
    }
    for (; at < limit; at++, end++) {
      const octet = from.getUint8(at)
      if (octet === LF) break
      into.setUint8(end, octet)
    }
    this.#end = end
    return at
  }

  #breakLine(): void {
    this.#endLine()
    this.#out[this.#end++] = SPACE
    this.#column = 1
    this.#broke = true
  }

  #endLine(): void {
    this.#out[this.#end++] = CR
    this.#out[this.#end++] = LF
    this.#column = 0
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.length + bytes, this.#blockBytes))
    this.#end = this.#out.copy(grown, 0, this.#taken, this.#end)
    this.#taken = 0
    this.#out = grown
    this.#view = viewOf(grown)
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}

// Of four octets, those that are LF become 0, and only of 0 does taking 1 set the highest bit anew.
function holdsLf(octets: number): boolean {
  const zeroIfLf = octets ^ 0x0a0a0a0a
  return ((zeroIfLf - 0x01010101) & ~zeroIfLf & 0x80808080) !== 0
}
