import { QueueFileError } from './errors.ts'
import {
  MAX_HEADER_BYTES,
  MAX_ONE_BYTE_LENGTH,
  MAX_PAYLOAD_BYTES,
  RecordType,
  writeHeader,
} from './record.ts'

const LF = 0x0a
const LINE_END = Buffer.from([LF])
const MIN_CAPACITY = 1024

/**
 * Builds the content records of a queue file in a growing buffer, which `take` empties. A line
 * becomes an `N` record, after `L` records of `lineLengthLimit` bytes where it is longer than that
 * (F-44, Q-341).
 */
export class ContentWriter {
  readonly #lineLengthLimit: number
  readonly #shortLineBytes: number
  #bytes: Buffer
  #used = 0
  #text: Buffer | undefined // Of all records, until some are taken.
  #textBytes = 0
  #end: number // What is behind, in #bytes, may be too much: either for them, or in all.
  #takenBytes = 0
  #left: number // Of `maxBytes`, where #bytes begins.
  #open = false // The last record is an `L`: its line is not finished.

  /**
   * @param lineLengthLimit `line_length_limit`: most bytes in one record, at least 1.
   * @param expectedBytes How much content is to come, in bytes. A hint: the buffer grows.
   * @param maxBytes Most bytes of records. For more, methods throw a `QueueFileError`, `too-large`;
   * what is above is not kept.
   */
  constructor(
    lineLengthLimit: number,
    expectedBytes: number,
    maxBytes: number = Number.POSITIVE_INFINITY,
  ) {
    if (!(lineLengthLimit >= 1 && lineLengthLimit <= MAX_PAYLOAD_BYTES)) {
      throw new RangeError(`expected a line length limit of 1 to ${MAX_PAYLOAD_BYTES} bytes`)
    }
    this.#lineLengthLimit = Math.floor(lineLengthLimit)
    this.#shortLineBytes = Math.min(this.#lineLengthLimit, MAX_ONE_BYTE_LENGTH)
    // Short lines add a byte each: an eighth more is enough for lines of 8 bytes and longer.
    const guess = expectedBytes + (expectedBytes >>> 3) + MIN_CAPACITY
    this.#bytes = Buffer.allocUnsafe(guess)
    this.#text = Buffer.allocUnsafe(expectedBytes)
    this.#left = maxBytes
    this.#end = this.#endOf(guess)
  }

  /** Bytes of all records so far: field 1 of the size record, were it finished now. */
  get byteLength(): number {
    return this.#takenBytes + this.#used
  }

  /** Bytes of the records that `take` would give. */
  get pendingBytes(): number {
    return this.#used
  }

  /** Bytes of records that may follow. */
  get room(): number {
    return this.#left - this.#used
  }

  /** Gives the records out that there are. @returns a view, until the next record is made. */
  take(): Uint8Array {
    const records = this.#bytes.subarray(0, this.#used)
    this.#takenBytes += this.#used
    this.#left -= this.#used
    this.#used = 0
    this.#text = undefined
    this.#end = this.#endOf(this.#bytes.length)
    return records
  }

  /** Appends a whole line, given without its LF; ends an unfinished one. Copies. */
  line(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const source = asBuffer(bytes)
    this.#line(source, start, end)
    this.#keep(source, start, end)
    this.#keep(LINE_END, 0, 1)
  }

  /**
   * Appends text that is not the end of its line. Records are cut from its first byte on, however
   * long the line is already. Copies the bytes.
   */
  partial(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const source = asBuffer(bytes)
    this.#partial(source, start, end)
    this.#keep(source, start, end)
  }

  /** Appends text with LF line ends; what follows the last LF as `partial` does. Copies. */
  text(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const source = asBuffer(bytes)
    for (let at = start; at < end; ) {
      const next = this.#shortLine(source, at, end)
      at = next > at ? next : this.#anyLine(source, at, end)
    }
    this.#keep(source, start, end)
  }

  /**
   * Ends the last line, if it is open, with an empty `N` (F-44).
   *
   * @returns a view of the records that were not taken. The writer must not be used again.
   */
  finish(): Uint8Array {
    if (this.#open) this.line(this.#bytes, 0, 0)
    return this.#bytes.subarray(0, this.#used)
  }

  /**
   * The text of all records, as `readContent` gives it: a view. Undefined if some were taken. Call
   * `finish` before.
   */
  get contentText(): Uint8Array | undefined {
    return this.#text?.subarray(0, this.#textBytes)
  }

  /**
   * Appends a line that fits as it is: most do. Byte by byte, as calls of indexOf and copy take
   * longer for so few.
   *
   * @returns where the next line begins; `start` if nothing was appended.
   */
  #shortLine(source: Buffer, start: number, end: number): number {
    const target = this.#bytes
    const used = this.#used
    const last = start + Math.min(this.#shortLineBytes + 1, end - start, this.#end - used - 2)
    let at = start
    let to = used + 2
    for (; at < last; at++) {
      const byte = source[at]!
      if (byte === LF) break
      target[to++] = byte
    }
    if (at >= last) return start
    target[used] = RecordType.text
    target[used + 1] = at - start
    this.#used = to
    this.#open = false
    return at + 1
  }

  /** Appends the first line of a text. @returns where the next one begins. */
  #anyLine(source: Buffer, start: number, end: number): number {
    const length = source.subarray(start, end).indexOf(LF)
    if (length < 0) this.#partial(source, start, end)
    else this.#line(source, start, start + length)
    return length < 0 ? end : start + length + 1
  }

  #line(source: Buffer, start: number, end: number): void {
    const limit = this.#lineLengthLimit
    let at = start
    for (; end - at > limit; at += limit) {
      this.#append(RecordType.partialText, source, at, at + limit)
    }
    this.#append(RecordType.text, source, at, end)
    this.#open = false
  }

  #partial(source: Buffer, start: number, end: number): void {
    const limit = this.#lineLengthLimit
    for (let at = start; at < end; at += limit) {
      this.#append(RecordType.partialText, source, at, Math.min(at + limit, end))
      this.#open = true
    }
  }

  #append(type: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.#used + length + MAX_HEADER_BYTES > this.#end) this.#makeRoom(length)
    const target = this.#bytes
    let at = this.#used
    if (length <= MAX_ONE_BYTE_LENGTH) {
      target[at] = type
      target[at + 1] = length
      at += 2
    } else {
      at = writeHeader(target, at, type, length)
    }
    bytes.copy(target, at, start, end) // Cheaper than set with subarray.
    this.#used = at + length
  }

  #makeRoom(length: number): void {
    const needed = this.#used + length + MAX_HEADER_BYTES
    if (needed > this.#left && this.#used + recordBytes(length) > this.#left) {
      throw new QueueFileError('too-large', 'expected fewer bytes of content')
    }
    this.#bytes = withRoom(this.#bytes, this.#used, needed)
    this.#end = this.#endOf(this.#bytes.length)
  }

  /** Adds to the text of all records. */
  #keep(bytes: Buffer, start: number, end: number): void {
    if (this.#text === undefined) return
    const used = this.#textBytes
    this.#textBytes = used + end - start
    this.#text = withRoom(this.#text, used, this.#textBytes)
    bytes.copy(this.#text, used, start, end)
  }

  #endOf(capacity: number): number {
    return Math.min(capacity, this.#left)
  }
}

/** @returns a buffer of at least `needed` bytes, with the first `used` bytes of this one. */
function withRoom(bytes: Buffer, used: number, needed: number): Buffer {
  if (needed <= bytes.length) return bytes
  const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, needed))
  bytes.copy(larger, 0, 0, used)
  return larger
}

function recordBytes(length: number): number {
  return writeHeader(new Uint8Array(MAX_HEADER_BYTES), 0, RecordType.text, length) + length
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
