import { encodeAddress } from '@posthouse/mail-address'

import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, writeHeader } from './record.ts'

// A UTF-16 unit is three bytes of UTF-8 at most.
const MAX_BYTES_PER_UNIT = 3

/** Builds records with text in one growing buffer. */
export class RecordWriter {
  #bytes: Buffer
  #used = 0

  /** @param expectedBytes A hint: the buffer grows. */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafe(expectedBytes)
  }

  /** Bytes written so far: the offset of the next record. */
  get length(): number {
    return this.#used
  }

  /** Appends a record. `text` is encoded as addresses are. @throws {RangeError} from 256 MiB on. */
  record(type: number, text: string): void {
    this.#reserve(text.length * MAX_BYTES_PER_UNIT)
    // As many bytes as units means ASCII, and nearly all text is short and ASCII.
    if (text.length < 0x80) {
      const written = this.#bytes.write(text, this.#used + 2, 'utf8')
      if (written === text.length) {
        this.#bytes[this.#used] = type
        this.#bytes[this.#used + 1] = written
        this.#used += 2 + written
        return
      }
    }
    const payload = encodeAddress(text)
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new RangeError(`expected a record of at most ${MAX_PAYLOAD_BYTES} bytes`)
    }
    const at = writeHeader(this.#bytes, this.#used, type, payload.length)
    payload.copy(this.#bytes, at)
    this.#used = at + payload.length
  }

  /** Overwrites text that was reserved by a record of the same length. ASCII only. */
  overwrite(offset: number, text: string): void {
    this.#bytes.write(text, offset, 'latin1')
  }

  /** A view of what was written; it is not to be written to any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#used)
  }

  #reserve(payloadBytes: number): void {
    const needed = this.#used + payloadBytes + MAX_HEADER_BYTES
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
