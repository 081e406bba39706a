/** A piece of the content: a line, or what is not the end of one (F-44). */
export interface TextPiece {
  readonly isEndOfLine: boolean
  readonly bytes: Buffer
}

/** How the lines of a message are read. */
export interface MessageLinesOptions {
  /** `line_length_limit`: bytes of a piece. */
  readonly lineLengthLimit: number
  /** `sendmail_fix_line_endings`: whether CR goes from the ends of lines. */
  readonly fixLineEndings: 'always' | 'strict' | 'never'
  /** A lone dot does not end the message. */
  readonly ignoresDots: boolean
}

const LF = 0x0a
const CR = 0x0d
const NOTHING = Buffer.alloc(0)
const DOT = Buffer.from('.')
const FROM = Buffer.from('From ')
const GREATER = 0x3e

/** Cuts what sendmail(1) reads into lines, by the rules of F-92. Memory is one line. */
export class MessageLines {
  readonly #options: MessageLinesOptions
  #rest: Buffer = NOTHING
  #fixes: boolean | undefined
  #isStart = true // But for mailbox lines.
  #isContinued = false

  /** The message has ended; what follows is not a part of it. */
  isOver = false

  constructor(options: MessageLinesOptions) {
    this.#options = options
    this.#fixes =
      options.fixLineEndings === 'strict' ? undefined : options.fixLineEndings === 'always'
  }

  /** @returns views, good until the next `push` or `end`. */
  push(chunk: Buffer): TextPiece[] {
    const { lineLengthLimit } = this.#options
    const pieces: TextPiece[] = []
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (!this.isOver) {
      const lf = text.subarray(at, at + lineLengthLimit).indexOf(LF)
      if (lf >= 0) {
        this.#take(pieces, text.subarray(at, at + lf), true)
        at += lf + 1
      } else if (text.length - at >= lineLengthLimit) {
        this.#take(pieces, text.subarray(at, at + lineLengthLimit), false)
        at += lineLengthLimit
      } else break
    }
    this.#rest = text.subarray(at)
    return pieces
  }

  /** Ends the input: a last line without its end is a piece. */
  end(): TextPiece[] {
    const pieces: TextPiece[] = []
    if (!this.isOver && this.#rest.length > 0) this.#take(pieces, this.#rest, false)
    this.#rest = NOTHING
    this.isOver = true
    return pieces
  }

  #take(pieces: TextPiece[], raw: Buffer, isEndOfLine: boolean): void {
    const bytes = isEndOfLine ? this.#fixed(raw) : raw
    const isContinued = this.#isContinued
    this.#isContinued = !isEndOfLine
    // As Postfix does: one that is cut stays, though its beginning looks like one.
    if (this.#isStart && isEndOfLine && isMailboxLine(bytes)) return
    this.#isStart = false
    if (!this.#options.ignoresDots && !isContinued && DOT.equals(bytes)) this.isOver = true
    else pieces.push({ isEndOfLine, bytes })
  }

  /** A line without the CRs at its end, if they are to go: `strict` lets the first line tell. */
  #fixed(line: Buffer): Buffer {
    this.#fixes ??= line.at(-1) === CR
    if (!this.#fixes) return line
    let end = line.length
    while (end > 0 && line[end - 1] === CR) end--
    return line.subarray(0, end)
  }
}

function isMailboxLine(line: Buffer): boolean {
  let at = 0
  while (line[at] === GREATER) at++
  return FROM.equals(line.subarray(at, at + FROM.length))
}
