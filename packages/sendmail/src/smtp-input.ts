import type { TextPiece } from './message-lines.ts'

const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e
const NOTHING = Buffer.alloc(0)

/** The client went away in the middle of a message, which is not kept then. */
export class InputEndedError extends Error {
  override readonly name = 'InputEndedError'
}

/** What an SMTP client sends, by lines. Memory is a chunk and `line_length_limit` bytes. */
export class SmtpInput {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #lineLengthLimit: number
  #text: Buffer = NOTHING
  /** What is read now; `none`: commands. */
  #content: 'none' | 'line start' | 'line' = 'none'

  constructor(input: AsyncIterable<Uint8Array>, lineLengthLimit: number) {
    this.#chunks = input[Symbol.asyncIterator]()
    this.#lineLengthLimit = lineLengthLimit
  }

  /** A command, cut to `line_length_limit`; undefined when no more come. */
  async readCommand(): Promise<Buffer | undefined> {
    const first = await this.#readPiece()
    let piece = first
    while (piece !== undefined && !piece.isEndOfLine) piece = await this.#readPiece()
    return piece && first?.bytes
  }

  /**
   * The lines of a message up to the lone dot, without the dots that hide dots (RFC 5321 4.5.2).
   * Whoever breaks off has to skip the rest.
   */
  readContent(): AsyncGenerator<TextPiece, void, void> {
    this.#content = 'line start'
    return this.#pieces()
  }

  /** Reads what is left of a message: none of it is a command. */
  async skipContent(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async *#pieces(): AsyncGenerator<TextPiece, void, void> {
    for (let piece = await this.#next(); piece; piece = await this.#next()) yield piece
  }

  async #next(): Promise<TextPiece | undefined> {
    if (this.#content === 'none') return undefined
    const piece = await this.#readPiece()
    if (piece === undefined) throw new InputEndedError('expected a line with a dot')
    const { bytes, isEndOfLine } = piece
    const isDotted = this.#content === 'line start' && bytes[0] === DOT
    this.#content = isEndOfLine ? 'line start' : 'line'
    if (!isDotted) return piece
    if (bytes.length > 1 || !isEndOfLine) return { isEndOfLine, bytes: bytes.subarray(1) }
    this.#content = 'none'
    return undefined
  }

  /** A line, or as much of one as the limit allows (F-44); what ends without LF is none. */
  async #readPiece(): Promise<TextPiece | undefined> {
    for (;;) {
      const limit = this.#lineLengthLimit
      const lf = this.#text.subarray(0, limit).indexOf(LF)
      if (lf >= 0) return this.#take(lf, lf + 1)
      if (this.#text.length >= limit) return this.#take(limit, limit)
      const { done, value } = await this.#chunks.next()
      if (done) return undefined
      this.#text = Buffer.concat([this.#text, value])
    }
  }

  #take(length: number, consumed: number): TextPiece {
    const isEndOfLine = consumed > length
    const isCrLf = isEndOfLine && this.#text[length - 1] === CR
    const bytes = this.#text.subarray(0, isCrLf ? length - 1 : length)
    this.#text = this.#text.subarray(consumed)
    return { isEndOfLine, bytes }
  }
}
