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
  #out: Buffer
  #length = 0
  #column = 0 // Octets of the current line on the wire, dot-stuffing not counted.
  #broke = false

  /**
   * @param lineLimit `smtp_line_length_limit` in octets, at least 2; 0 breaks no line.
   * @param expectedBytes Size of the content if known: a first guess for the buffer.
   */
  constructor(lineLimit: number, expectedBytes: number) {
    this.#lineLimit = lineLimit === 0 ? Number.POSITIVE_INFINITY : Math.max(2, lineLimit)
    this.#out = Buffer.allocUnsafe(expectedBytes + (expectedBytes >> 4) + 128)
  }

  /** Octets that wait to be taken. */
  get length(): number {
    return this.#length
  }

  /** True once a line was longer than the limit. */
  get brokeLine(): boolean {
    return this.#broke
  }

  /** Encodes a chunk. The chunk is not kept. */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let start = 0
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
      this.#part(bytes, start, lf)
      this.#endLine()
      start = lf + 1
    }
    if (start < bytes.length) this.#part(bytes, start, bytes.length)
  }

  /** Ends an unfinished line, and appends `trailer` as it is: ASCII, such as `.` CRLF. */
  end(trailer: string): void {
    if (this.#column > 0) {
      this.#reserve(PIECE_OVERHEAD)
      this.#endLine()
    }
    this.#reserve(trailer.length)
    this.#length += this.#out.write(trailer, this.#length, 'latin1')
  }

  /** Hands over the output so far. The bytes are the caller's. */
  take(): Buffer {
    const output = this.#out.subarray(0, this.#length)
    this.#out = this.#out.subarray(this.#length)
    this.#length = 0
    return output
  }

  // Room for the end of the line is reserved here, also for an empty part.
  #part(bytes: Buffer, from: number, end: number): void {
    let start = from
    this.#reserve(end - start + PIECE_OVERHEAD)
    if (this.#column === 0 && end > start && bytes[start] === DOT) this.#out[this.#length++] = DOT
    while (this.#column + end - start > this.#lineLimit) {
      const piece = this.#lineLimit - this.#column
      bytes.copy(this.#out, this.#length, start, start + piece)
      this.#length += piece
      start += piece
      this.#endLine()
      this.#out[this.#length++] = SPACE
      this.#column = 1
      this.#broke = true
      this.#reserve(end - start + PIECE_OVERHEAD)
    }
    bytes.copy(this.#out, this.#length, start, end)
    this.#length += end - start
    this.#column += end - start
  }

  #endLine(): void {
    this.#out[this.#length++] = CR
    this.#out[this.#length++] = LF
    this.#column = 0
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#length * 2) + 128)
    this.#out.copy(grown, 0, 0, this.#length)
    this.#out = grown
  }
}
