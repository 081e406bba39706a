import { QueueFileError } from './errors.ts'
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, RecordType, writeHeader } from './record.ts'

const LF = 0x0a
const MIN_CAPACITY = 1024

/**
 * Builds the content records of a queue file in a growing buffer, which `take` empties. A line
 * becomes an `N` record, after `L` records of `lineLengthLimit` bytes where it is longer than that
 * (F-44, Q-341).
 */
export class ContentWriter {
  readonly #lineLengthLimit: number
  #bytes: Buffer
  #used = 0
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
    // Short lines add a byte each: an eighth more is enough for lines of 8 bytes and longer.
    const guess = expectedBytes + (expectedBytes >>> 3) + MIN_CAPACITY
    this.#bytes = Buffer.allocUnsafe(guess)
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
    this.#end = this.#endOf(this.#bytes.length)
    return records
  }

  /** Appends a whole line, given without its LF; ends an unfinished one. Copies. */
  line(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const limit = this.#lineLengthLimit
    const source = asBuffer(bytes)
    let at = start
    for (; end - at > limit; at += limit) {
      this.#append(RecordType.partialText, source, at, at + limit)
    }
    this.#append(RecordType.text, source, at, end)
    this.#open = false
  }

  /**
   * Appends text that is not the end of its line. Records are cut from its first byte on, however
   * long the line is already. Copies the bytes.
   */
  partial(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const limit = this.#lineLengthLimit
    const source = asBuffer(bytes)
    for (let at = start; at < end; at += limit) {
      this.#append(RecordType.partialText, source, at, Math.min(at + limit, end))
      this.#open = true
    }
  }

  /** Appends text with LF line ends; what follows the last LF as `partial` does. Copies. */
  text(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const region = asBuffer(end < bytes.length ? bytes.subarray(0, end) : bytes)
    let at = start
    for (let lf = region.indexOf(LF, at); lf >= 0; lf = region.indexOf(LF, at)) {
      if (lf - at > this.#lineLengthLimit) this.line(region, at, lf)
      else this.#append(RecordType.text, region, at, lf)
      this.#open = false
      at = lf + 1
    }
    this.partial(region, at, end)
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

  #append(type: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.#used + length + MAX_HEADER_BYTES > this.#end) this.#makeRoom(length)
    const target = this.#bytes
    let at = this.#used
    if (length < 0x80) {
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
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
    this.#end = this.#endOf(larger.length)
  }

  #endOf(capacity: number): number {
    return Math.min(capacity, this.#left)
  }
}

function recordBytes(length: number): number {
  return writeHeader(new Uint8Array(MAX_HEADER_BYTES), 0, RecordType.text, length) + length
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
