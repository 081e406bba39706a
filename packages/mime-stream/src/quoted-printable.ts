const TAB = 0x09
const LF = 0x0a
const SPACE = 0x20
const EQUALS = 0x3d
const TILDE = 0x7e
// A line that is longer than this is broken before the next character (C-166).
const BREAK_AFTER = 72
// `=XX`, and `=` LF behind every 25th of them.
const MAX_BYTES_PER_BYTE = 3.08
const HEX = Buffer.from('0123456789ABCDEF')
const NOTHING = new Uint8Array(0)

const ENCODED = 0
const PLAIN = 1
const BLANK = 2 // Plain, unless it ends a line.
const KINDS = new Uint8Array(256)
KINDS.fill(PLAIN, SPACE, TILDE + 1)
KINDS[EQUALS] = ENCODED
KINDS[SPACE] = BLANK
KINDS[TAB] = BLANK

/**
 * Encodes text with lines ended by LF as quoted-printable (RFC 2045 6.7), line for line as Postfix
 * does (C-166). Any chunking gives the same bytes.
 */
export class QuotedPrintableEncoder {
  #column = 0
  #blank: number | undefined // Seen last, and the next byte is not known yet.

  /** @returns the encoded text, the caller's to keep. A blank at the end of the chunk waits. */
  push(bytes: Uint8Array): Buffer {
    const last = bytes.length - 1
    if (last < 0) return Buffer.alloc(0)
    const waits = KINDS[bytes[last]!] === BLANK
    const output = this.#encode(bytes, waits ? last : last + 1)
    this.#blank = waits ? bytes[last] : undefined
    return output
  }

  /** Ends the text, whose last line need not end in LF. @returns what was held back. */
  end(): Buffer {
    const output = this.#encode(NOTHING, 0)
    this.#blank = undefined
    this.#column = 0
    return output
  }

  // The blank that waits, then the bytes up to `end`.
  #encode(bytes: Uint8Array, end: number): Buffer {
    const out = Buffer.allocUnsafe(Math.ceil((end + 1) * MAX_BYTES_PER_BYTE) + 2)
    let length = 0
    let column = this.#column
    for (let at = this.#blank === undefined ? 0 : -1; at < end; at++) {
      const byte = at < 0 ? this.#blank! : bytes[at]!
      if (byte === LF) {
        out[length++] = LF
        column = 0
        continue
      }
      if (column > BREAK_AFTER) {
        out[length++] = EQUALS
        out[length++] = LF
        column = 0
      }
      const kind = KINDS[byte]
      if (kind === PLAIN || (kind === BLANK && (bytes[at + 1] ?? LF) !== LF)) {
        out[length++] = byte
        column++
      } else {
        out[length++] = EQUALS
        out[length++] = HEX[byte >> 4]!
        out[length++] = HEX[byte & 15]!
        column += 3
      }
    }
    this.#column = column
    return out.subarray(0, length)
  }
}
