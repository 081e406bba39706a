/** A text that is kept. */
export interface CachedText {
  readonly text: Uint8Array
  /** When its file was last known to be there, in milliseconds since 1970. */
  seenMs: number
}

// An entry costs more than its text: count some of that.
const ENTRY_BYTES = 256

/**
 * The text of messages that were just written, so that a delivery that follows at once need not
 * read the file. Bounded in bytes: when the newer ones fill half of that, the older ones are
 * forgotten, and those become the older ones. Most texts are put in, read and taken out once each;
 * lru-cache, which keeps them in order of use, took three times as long for it.
 */
export class ContentCache {
  readonly #halfBytes: number
  #newer = new Map<string, CachedText>()
  #older = new Map<string, CachedText>()
  #newerBytes = 0

  /** @param maxBytes Bytes of text to keep; 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#halfBytes = maxBytes / 2
  }

  /** Whether a text of `bytes` can be kept at all: up to half of all there is room for. */
  fits(bytes: number): boolean {
    return bytes + ENTRY_BYTES <= this.#halfBytes
  }

  /** Keeps a text that `fits`. */
  set(id: string, text: Uint8Array, seenMs: number): void {
    this.delete(id)
    const bytes = text.length + ENTRY_BYTES
    if (this.#newerBytes + bytes > this.#halfBytes) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#newerBytes = 0
    }
    this.#newer.set(id, { text, seenMs })
    this.#newerBytes += bytes
  }

  get(id: string): CachedText | undefined {
    return this.#newer.get(id) ?? this.#older.get(id)
  }

  /** Forgets a text. @returns how long it was; undefined if there was none */
  delete(id: string): number | undefined {
    const texts = this.#newer.has(id) ? this.#newer : this.#older
    const length = texts.get(id)?.text.length
    if (length === undefined) return undefined
    texts.delete(id)
    if (texts === this.#newer) this.#newerBytes -= length + ENTRY_BYTES
    return length
  }

  clear(): void {
    this.#newer.clear()
    this.#older.clear()
    this.#newerBytes = 0
  }
}
