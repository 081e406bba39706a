import { LRUCache } from 'lru-cache'

/**
 * The text of messages that were just written, so that a delivery that follows at once need not
 * read the file. Bounded in bytes; what was used longest ago goes first.
 */
export class ContentCache {
  readonly #texts: LRUCache<string, Buffer> | undefined
  readonly #maxBytes: number

  /** @param maxBytes Bytes of text to keep; 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = Math.max(0, Math.floor(maxBytes))
    if (this.#maxBytes === 0) return
    this.#texts = new LRUCache({ maxSize: this.#maxBytes, sizeCalculation: textSize })
  }

  /** Whether a text of `bytes` can be kept at all. */
  fits(bytes: number): boolean {
    return bytes + ENTRY_BYTES <= this.#maxBytes
  }

  set(id: string, text: Buffer): void {
    this.#texts?.set(id, text)
  }

  get(id: string): Buffer | undefined {
    return this.#texts?.get(id)
  }

  /** Gives the text out of the cache, for the last time. */
  take(id: string): Buffer | undefined {
    const text = this.#texts?.peek(id)
    if (text !== undefined) this.#texts?.delete(id)
    return text
  }

  delete(id: string): void {
    this.#texts?.delete(id)
  }

  clear(): void {
    this.#texts?.clear()
  }
}

// The cache refuses sizes of 0. An entry costs more than its text: count some of that.
const ENTRY_BYTES = 256

function textSize(text: Buffer): number {
  return text.length + ENTRY_BYTES
}
