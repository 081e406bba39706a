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

/**
 * Offset of the colon in the header line that begins at `start`, among its first `maxBytes`; -1 if
 * it is none.
 */
export function findHeaderColon(bytes: Buffer, maxBytes: number, start = 0): number {
  const limit = Math.min(start + maxBytes, bytes.length)
  let at = start
  while (at < limit && bytes[at]! > SPACE && bytes[at]! < 0x7f && bytes[at] !== COLON) at++
  if (at === start) return -1
  while (at < limit && isBlank(bytes[at])) at++
  return at < limit && bytes[at] === COLON ? at - start : -1
}

/**
 * Gathers one header, line by line, up to `header_size_limit`. As long as all of it is in
 * one chunk, it is a view of the chunk: nearly always.
 */
export class HeaderBuffer {
  readonly #limit: number
  #bytes: Buffer = NOTHING // The chunk, or #copy.
  #copy: Buffer = NOTHING
  #start = 0 // In #bytes.
  #end = 0
  #colon = 0
  #room = 0
  #isCut = false
  #hasEightBit = false
  #isPlain = false

  constructor(headerSizeLimit: number) {
    this.#limit = headerSizeLimit
  }

  get isEmpty(): boolean {
    return this.#start === this.#end
  }

  /**
   * Takes the first line: the bytes from `at` to `end`.
   *
   * @param colon Its offset in the line.
   * @param isPlain The bytes are known to be ASCII without NUL.
   */
  start(bytes: Buffer, at: number, end: number, colon: number, isPlain: boolean): void {
    this.#bytes = bytes
    this.#start = at
    this.#end = at
    this.#colon = colon
    // The blanks before the colon do not count, nor does the last LF.
    this.#room = this.#limit + colon + 1
    this.#isCut = false
    this.#hasEightBit = false
    this.#isPlain = true
    this.append(bytes, at, end, isPlain)
  }

  /** Takes what follows. */
  append(bytes: Buffer, at: number, end: number, isPlain: boolean): void {
    if (!isPlain) {
      this.#isPlain = false
      if (!this.#hasEightBit && !isAscii(bytes.subarray(at, end))) this.#hasEightBit = true
    }
    const taken = Math.min(end - at, this.#room)
    if (at + taken < end) this.#isCut = true
    this.#room -= taken
    if (bytes !== this.#bytes || at !== this.#end) {
      this.detach()
      this.#reserve(this.#end + taken)
      bytes.copy(this.#copy, this.#end, at, at + taken)
    }
    this.#end += taken
  }

  /** Copies what is a view of a chunk that does not stay. */
  detach(): void {
    if (this.#bytes === this.#copy) return
    const length = this.#end - this.#start
    this.#reserve(length)
    this.#bytes.copy(this.#copy, 0, this.#start, this.#end)
    this.#bytes = this.#copy
    this.#start = 0
    this.#end = length
  }

  /** The header, which is then forgotten. Not to be called when empty. */
  take(): RawHeader {
    const view = this.#bytes.subarray(this.#start, this.#end)
    const gathered = this.#bytes === this.#copy ? Buffer.from(view) : view
    const raw = this.#isCut ? Buffer.concat([withoutLastLf(gathered), NEWLINE]) : gathered
    this.#end = this.#start
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
    if (bytes <= this.#copy.length) return
    const grown = Buffer.allocUnsafe(Math.max(bytes, this.#copy.length * 2, MIN_BYTES))
    if (this.#bytes === this.#copy) {
      this.#copy.copy(grown, 0, 0, this.#end)
      this.#bytes = grown
    }
    this.#copy = grown
  }
}

function withoutLastLf(header: Buffer): Buffer {
  const last = header.length - 1
  return header[last] === LF ? header.subarray(0, last) : header
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
