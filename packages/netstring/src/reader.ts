import { NetstringError, type NetstringErrorCode } from './errors.ts'
import { Gatherer } from './gatherer.ts'
import { appendDigit, type NetstringLength } from './length.ts'

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const COMMA = 0x2c
const NO_BYTES = new Uint8Array(0)

/**
 * Reads netstrings one element at a time, as nested ones must be: an outer length, the payloads in
 * it, the outer comma. Does no I/O: push chunks as they arrive, then ask for elements until one is
 * undefined, which means that more bytes are needed; ask again after the next `push`.
 *
 * As lax about lengths as Postfix (rules ): leading zeros and `:,` are accepted, and
 * an end where a comma is due is `malformed`. Elements do not depend on how the stream was cut.
 * Every error is final: what is asked afterwards fails in the same way.
 */
export class NetstringReader {
  #chunk: Uint8Array = NO_BYTES
  #at = 0
  #more: Uint8Array[] = [] // Chunks that were pushed before `#chunk` was used up.
  #ended = false
  #error: NetstringError | undefined
  #length: NetstringLength | undefined // Undefined at the start of a length.
  #payload: Gatherer | undefined // Undefined while reading a length.

  /**
   * What the next byte has to be: `start` is the first byte of a netstring, or whatever else the
   * protocol has between two. A time limit that strikes at `comma` is a format error.
   */
  get due(): 'start' | 'length' | 'payload' | 'comma' {
    if (this.#payload !== undefined) return this.#payload.missing > 0 ? 'payload' : 'comma'
    return this.#length === undefined ? 'start' : 'length'
  }

  /** Bytes pushed and not yet read. */
  get surplus(): number {
    let count = this.#chunk.length - this.#at
    for (const chunk of this.#more) count += chunk.length
    return count
  }

  /** Adds bytes. They are not copied: leave them as they are while payloads of them are in use. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#at < this.#chunk.length) {
      this.#more.push(chunk)
    } else {
      this.#chunk = chunk
      this.#at = 0
    }
  }

  /** Says that no more bytes come: end of file, or an error of the connection. */
  end(): void {
    this.#ended = true
  }

  /**
   * The next byte, left where it is; undefined if more input is needed.
   *
   * @throws {NetstringError} `truncated` at the end.
   */
  peek(): number | undefined {
    this.#check()
    return this.#hasByte('truncated') ? this.#chunk[this.#at] : undefined
  }

  /**
   * Reads a whole netstring. The payload is a view of the chunk if one chunk held it all, else a
   * buffer of its own, which grows with what is received and not with what was declared.
   *
   * @param maxBytes Largest length to accept, checked at `:` before any payload; a safe
   * integer; 0 or less for none but 2^63-1.
   * @throws {NetstringError} `malformed`, `too-large` or `truncated`.
   */
  read(maxBytes: number): Uint8Array | undefined {
    this.#check()
    if (this.#payload === undefined) {
      const length = this.#scanLength(maxBytes)
      if (length === undefined) return undefined
      const bytes = this.#takeWhole(Number(length))
      if (bytes !== undefined) return bytes
      this.#payload = new Gatherer(Number(length))
    }
    while (this.#payload.missing > 0) {
      if (!this.#hasByte('truncated')) return undefined
      this.#at += this.#payload.take(this.#chunk, this.#at)
    }
    if (!this.readComma()) return undefined
    const { bytes } = this.#payload
    this.#payload = undefined
    return bytes
  }

  /**
   * Reads a length and its colon, for a netstring whose payload is read as elements of its own.
   * Parameter and errors as in `read`.
   */
  readLength(maxBytes: number): NetstringLength | undefined {
    this.#check()
    return this.#scanLength(maxBytes)
  }

  /**
   * Reads the comma that ends an outer netstring. False if more input is needed.
   *
   * @throws {NetstringError} `malformed` for another byte, and at the end.
   */
  readComma(): boolean {
    this.#check()
    if (!this.#hasByte('malformed')) return false
    if (this.#chunk[this.#at] !== COMMA) this.#fail('malformed', 'expected "," after the payload')
    this.#at += 1
    return true
  }

  /** The common case, made cheap: the rest of the netstring is all in this chunk. */
  #takeWhole(length: number): Uint8Array | undefined {
    const end = this.#at + length
    if (this.#chunk[end] !== COMMA) return undefined
    const bytes = this.#chunk.subarray(this.#at, end)
    this.#at = end + 1
    return bytes
  }

  #scanLength(maxBytes: number): NetstringLength | undefined {
    while (this.#hasByte('truncated')) {
      const byte = this.#chunk[this.#at++]!
      if (byte === COLON) return this.#finishLength(maxBytes)
      if (byte < ZERO || byte > NINE) this.#fail('malformed', 'expected a decimal length and ":"')
      this.#length = this.#appendDigit(byte - ZERO)
    }
    return undefined
  }

  #appendDigit(digit: number): NetstringLength {
    try {
      return appendDigit(this.#length ?? 0, digit)
    } catch (error) {
      if (error instanceof NetstringError) this.#error = error
      throw error
    }
  }

  #finishLength(maxBytes: number): NetstringLength {
    const length = this.#length ?? 0
    this.#length = undefined
    if (maxBytes > 0 && length > maxBytes) {
      this.#fail('too-large', `payload exceeds ${maxBytes} bytes`)
    }
    return length
  }

  /** Makes `#chunk[#at]` exist if there is any byte; fails with `atEnd` if none will come. */
  #hasByte(atEnd: NetstringErrorCode): boolean {
    if (this.#at < this.#chunk.length) return true
    const next = this.#more.shift()
    if (next !== undefined) {
      this.#chunk = next
      this.#at = 0
      return true
    }
    if (this.#ended) this.#fail(atEnd, 'ended inside a netstring')
    return false
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  #fail(code: NetstringErrorCode, message: string): never {
    this.#error = new NetstringError(code, message)
    throw this.#error
  }
}
