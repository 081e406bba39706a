import { isAscii } from 'node:buffer'

const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a
const NEWLINE = Buffer.from('\n')
const NOTHING = Buffer.alloc(0)
const MIN_BYTES = 1024

/** One header with its continuation lines. All bytes may be views of the chunk. */
export interface RawHeader {
  /** As it came, line ends included. */
  readonly raw: Buffer
  /** What header checks see, see `HeaderEvent`. */
  readonly text: Buffer
  readonly kept: Buffer
  readonly colon: number
  readonly isTruncated: boolean
  /** There is a byte above 0x7F, also in what was cut off. */
  readonly hasEightBit: boolean
}

/** Whether a byte continues a header when it starts a line. */
export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/** Offset of the colon of a header line, among its first `maxBytes`; -1 if it is none. */
export function findHeaderColon(line: Buffer, maxBytes: number): number {
  const limit = Math.min(maxBytes, line.length)
  let at = 0
  while (at < limit && line[at]! > SPACE && line[at]! < 0x7f && line[at] !== COLON) at++
  if (at === 0) return -1
  while (at < limit && isBlank(line[at])) at++
  return at < limit && line[at] === COLON ? at : -1
}

/**
 * Gathers one header, line by line, up to `header_size_limit`. As long as all of it is in
 * one chunk, it is a view of the chunk: nearly always.
 */
export class HeaderBuffer {
  readonly #limit: number
  #view: Buffer | undefined // What there is, instead of a copy in #bytes.
  #bytes: Buffer = NOTHING
  #length = 0
  #colon = 0
  #room = 0
  #isCut = false
  #hasEightBit = false
  #isPlain = false

  constructor(headerSizeLimit: number) {
    this.#limit = headerSizeLimit
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /**
   * @param line Begins with a header's name; `colon` is the offset of its colon.
   * @param isPlain It is known to be ASCII without NUL.
   */
  start(line: Buffer, colon: number, isPlain: boolean): void {
    this.#length = 0
    this.#colon = colon
    // The blanks before the colon do not count, nor does the last LF.
    this.#room = this.#limit + colon + 1
    this.#isCut = false
    this.#hasEightBit = false
    this.#isPlain = isPlain
    if (line.length > this.#room) {
      this.append(line, isPlain)
      return
    }
    if (!isPlain && !isAscii(line)) this.#hasEightBit = true
    this.#view = line
    this.#length = line.length
  }

  append(bytes: Buffer, isPlain: boolean): void {
    if (!isPlain) this.#isPlain = false
    if (!isPlain && !this.#hasEightBit && !isAscii(bytes)) this.#hasEightBit = true
    const taken = Math.min(bytes.length, this.#room - this.#length)
    if (taken < bytes.length) this.#isCut = true
    const view = this.#view
    if (view !== undefined && taken === bytes.length && isNext(view, bytes)) {
      this.#view = Buffer.from(view.buffer, view.byteOffset, this.#length + taken)
    } else {
      this.detach()
      this.#reserve(this.#length + taken)
      bytes.copy(this.#bytes, this.#length, 0, taken)
    }
    this.#length += taken
  }

  /** Copies what is a view of a chunk that does not stay. */
  detach(): void {
    const view = this.#view
    if (view === undefined) return
    this.#view = undefined
    this.#reserve(view.length)
    view.copy(this.#bytes)
  }

  /** The header, which is then forgotten. Not to be called when empty. */
  take(): RawHeader {
    const gathered = this.#view ?? Buffer.from(this.#bytes.subarray(0, this.#length))
    const raw = this.#isCut ? Buffer.concat([withoutLastLf(gathered), NEWLINE]) : gathered
    this.#length = 0
    this.#view = undefined
    let nameEnd = this.#colon
    while (isBlank(gathered[nameEnd - 1])) nameEnd--
    const whole = withoutBlanks(withoutLastLf(gathered), nameEnd, this.#colon)
    const isTruncated = whole.length > this.#limit
    const header = this.#isPlain ? whole : cutAtNul(whole)
    const text = isTruncated ? cutAtNul(whole.subarray(0, this.#limit)) : header
    const kept = isTruncated ? cutAtNul(cutHeader(whole, this.#limit)) : header
    return { raw, text, kept, colon: nameEnd, isTruncated, hasEightBit: this.#hasEightBit }
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(bytes, this.#bytes.length * 2, MIN_BYTES))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

// Whether bytes go on where others end, in the same memory.
function isNext(view: Buffer, bytes: Buffer): boolean {
  return view.buffer === bytes.buffer && view.byteOffset + view.length === bytes.byteOffset
}

function withoutLastLf(header: Buffer): Buffer {
  return header.at(-1) === LF ? header.subarray(0, -1) : header
}

function withoutBlanks(header: Buffer, nameEnd: number, colon: number): Buffer {
  if (nameEnd === colon) return header
  return Buffer.concat([header.subarray(0, nameEnd), header.subarray(colon)])
}

/**
 * Cuts a header, given without its last LF, that is longer than `limit`: at the last line
 * end within the limit if that lies beyond 90 % of it, otherwise exactly at the limit. A view.
 */
export function cutHeader(header: Buffer, limit: number): Buffer {
  if (header.length <= limit) return header
  const lineEnd = header.lastIndexOf(LF, limit)
  const cut = header.subarray(0, lineEnd > 0.9 * limit ? lineEnd : limit)
  // An LF at the end would make an empty line, and so end the header.
  return withoutLastLf(cut)
}

//
function cutAtNul(header: Buffer): Buffer {
  if (!header.includes(0)) return header
  return Buffer.from(header.toString('latin1').replace(/\0[^\n]*/g, ''), 'latin1')
}
