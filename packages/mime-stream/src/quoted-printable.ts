const TAB = 0x09
const LF = 0x0a
const SPACE = 0x20
const EQUALS = 0x3d
const TILDE = 0x7e
// A line that is longer than this is broken before the next character (C-166).
const BREAK_AFTER = 72
// `=`, LF, and `=XX`.
const MAX_BYTES_PER_BYTE = 5
const HEX = Buffer.from('0123456789ABCDEF')

// 1: stands for itself. Blanks do unless they end a line.
const PLAIN = new Uint8Array(256)
PLAIN.fill(1, SPACE, TILDE + 1)
PLAIN[TAB] = 1
PLAIN[EQUALS] = 0

/**
 * Encodes text with lines ended by LF as quoted-printable (RFC 2045 6.7), line for line as Postfix
 * does (C-166). Any chunking gives the same bytes.
 */
export class QuotedPrintableEncoder {
  #column = 0
  #blank: number | undefined // Seen last, and the next byte is not known yet.
  #out = Buffer.alloc(0)
  #length = 0

  /** @returns the encoded text, the caller's to keep. A blank at the end of the chunk waits. */
  push(bytes: Uint8Array): Buffer {
    this.#out = Buffer.allocUnsafe((bytes.length + 1) * MAX_BYTES_PER_BYTE)
    this.#length = 0
    const [first] = bytes
    if (first === undefined) return this.#take()
    if (this.#blank !== undefined) this.#put(this.#blank, first !== LF)
    this.#blank = undefined
    const last = bytes.length - 1
    for (let at = 0; at < last; at++) {
      const byte = bytes[at]!
      if (byte === LF) this.#endLine()
      else this.#put(byte, PLAIN[byte] === 1 && !(isBlank(byte) && bytes[at + 1] === LF))
    }
    const end = bytes[last]!
    if (end === LF) this.#endLine()
    else if (isBlank(end)) this.#blank = end
    else this.#put(end, PLAIN[end] === 1)
    return this.#take()
  }

  /** Ends the text, whose last line need not end in LF. @returns what was held back. */
  end(): Buffer {
    this.#out = Buffer.allocUnsafe(MAX_BYTES_PER_BYTE)
    this.#length = 0
    if (this.#blank !== undefined) this.#put(this.#blank, false)
    this.#blank = undefined
    this.#column = 0
    return this.#take()
  }

  #put(byte: number, isPlain: boolean): void {
    if (this.#column > BREAK_AFTER) {
      this.#out[this.#length++] = EQUALS
      this.#endLine()
    }
    if (isPlain) {
      this.#out[this.#length++] = byte
      this.#column++
      return
    }
    this.#out[this.#length++] = EQUALS
    this.#out[this.#length++] = HEX[byte >> 4]!
    this.#out[this.#length++] = HEX[byte & 15]!
    this.#column += 3
  }

  #endLine(): void {
    this.#out[this.#length++] = LF
    this.#column = 0
  }

  #take(): Buffer {
    const output = this.#out.subarray(0, this.#length)
    this.#out = output
    return output
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}
