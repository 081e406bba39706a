import { isAscii } from 'node:buffer'
import type { ContentWriter } from '@posthouse/queue-store'

import { writeHeader } from './header-text.ts'

// Headers that are not written yet take no more memory than this.
const MAX_BYTES = 65_536
// A longer line has one byte more in its record, where LF is.
const ONE_BYTE_LENGTH = 128

/** Writes headers; those that stay as they are at once, as long as they are side by side. */
export class HeaderOutput {
  readonly #writer: ContentWriter
  #first: Buffer | undefined // Of those that are not written yet.
  #length = 0
  #left = 0 // So many bytes of records may still wait.

  /** A byte above 0x7F was written. Only after `flush`. */
  hasNonAscii = false

  constructor(writer: ContentWriter) {
    this.#writer = writer
  }

  /** @param raw As it came, with its last LF. Must not change before `flush`. */
  keep(raw: Buffer): void {
    const first = this.#first
    if (first?.buffer === raw.buffer && first.byteOffset + this.#length === raw.byteOffset) {
      this.#length += raw.length
    } else {
      this.flush()
      this.#first = raw
      this.#length = raw.length
      this.#left = Math.min(MAX_BYTES, this.#writer.room)
    }
    // What is too large is to be found before the next header is looked at.
    this.#left -= raw.length + (raw.length > ONE_BYTE_LENGTH ? 2 : 1)
    if (this.#left < 0) this.flush()
  }

  /** @param header Its lines joined by LF. */
  write(header: Buffer): void {
    this.flush()
    this.#heed(header)
    writeHeader(this.#writer, header)
  }

  /** Writes all that is kept. To be called before others write. */
  flush(): void {
    const first = this.#first
    if (first === undefined) return
    const run = Buffer.from(first.buffer, first.byteOffset, this.#length)
    this.#first = undefined
    this.#heed(run)
    this.#writer.text(run)
  }

  #heed(bytes: Buffer): void {
    if (!this.hasNonAscii && !isAscii(bytes)) this.hasNonAscii = true
  }
}
