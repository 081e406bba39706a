import { isAscii } from 'node:buffer'
import type { ContentWriter } from '@posthouse/queue-store'

import { writeHeader } from './header-text.ts'

/** Writes headers; those that stay as they are at once, as long as they are side by side. */
export class HeaderOutput {
  readonly #writer: ContentWriter
  #first: Buffer | undefined // Of those that are not written yet.
  #length = 0

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
      return
    }
    this.flush()
    this.#first = raw
    this.#length = raw.length
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
