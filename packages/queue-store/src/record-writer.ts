import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import {
  MAX_HEADER_BYTES,
  MAX_ONE_BYTE_LENGTH,
  MAX_PAYLOAD_BYTES,
  RecordType,
  writeHeader,
} from './record.ts'

const BLANK = 0x20
const EQUALS = 0x3d
const SHORT_RECORD_BYTES = 2 + MAX_ONE_BYTE_LENGTH

/**
 * Builds records with text in one growing buffer. Text is encoded as addresses are; what a method
 * returns is the text as a reader of the file finds it.
 */
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

  /** Appends a record. @throws {RangeError} from 256 MiB on. */
  record(type: number, text: string): string {
    if (text.length <= MAX_ONE_BYTE_LENGTH) {
      this.#reserve(SHORT_RECORD_BYTES)
      if (writePlain(this.#bytes, this.#used + 2, text)) {
        this.#endShort(type, text.length)
        return text
      }
    }
    this.#append(type, encodeAddress(text))
    return asRead(text)
  }

  /** Appends `name=value`. @returns the value. @throws {RangeError} as `record` does. */
  attribute(name: string, value: string): string {
    const length = name.length + 1 + value.length
    if (length <= MAX_ONE_BYTE_LENGTH) {
      this.#reserve(SHORT_RECORD_BYTES)
      const start = this.#used + 2
      const equals = start + name.length
      this.#bytes[equals] = EQUALS
      if (writePlain(this.#bytes, start, name) && writePlain(this.#bytes, equals + 1, value)) {
        this.#endShort(RecordType.attribute, length)
        return value
      }
    }
    this.#append(RecordType.attribute, encodeAddress(`${name}=${value}`))
    return asRead(value)
  }

  /** Appends a record of blanks, to be overwritten. @param length Up to 127. */
  blanks(type: number, length: number): void {
    this.#reserve(SHORT_RECORD_BYTES)
    const start = this.#used + 2
    for (let at = start; at < start + length; at++) this.#bytes[at] = BLANK
    this.#endShort(type, length)
  }

  /** Overwrites the bytes before `end`. ASCII only. */
  overwriteBefore(end: number, text: string): void {
    writePlain(this.#bytes, end - text.length, text)
  }

  /** A view of what was written, until more is. */
  written(start = 0, end: number = this.#used): Buffer {
    return this.#bytes.subarray(start, end)
  }

  #endShort(type: number, length: number): void {
    this.#bytes[this.#used] = type
    this.#bytes[this.#used + 1] = length
    this.#used += 2 + length
  }

  #append(type: number, payload: Buffer): void {
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new RangeError(`expected a record of at most ${MAX_PAYLOAD_BYTES} bytes`)
    }
    this.#reserve(MAX_HEADER_BYTES + payload.length)
    const at = writeHeader(this.#bytes, this.#used, type, payload.length)
    payload.copy(this.#bytes, at)
    this.#used = at + payload.length
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}

/** Writes ASCII. @returns false for text that is not, or has a NUL: it may be there in part */
export function writePlain(target: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === 0 || unit > 0x7f) return false
    target[at + index] = unit
  }
  return true
}

function asRead(text: string): string {
  const read = decodeAddress(encodeAddress(text))
  const nul = read.indexOf('\0')
  return nul < 0 ? read : read.slice(0, nul)
}
