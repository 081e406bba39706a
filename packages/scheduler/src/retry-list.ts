/** Something that waits for a moment. The list writes these fields; nobody else does. */
export interface RetryEntry {
  /** When its time has come, in milliseconds since 1970; undefined when it is not in a list. */
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined
}

/**
 * What all waits for the same length of time, in the order in which it will be over. All
 * operations are O(1), also taking an entry out of the middle.
 */
export class RetryList<T extends RetryEntry> {
  readonly #delayMs: number
  #oldest: RetryEntry | undefined
  #youngest: RetryEntry | undefined

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** When the first is due. */
  get nextMs(): number | undefined {
    return this.#oldest?.retryMs
  }

  add(entry: T, nowMs: number): void {
    // Never before its predecessor: the machine's clock may have been set back.
    entry.retryMs = Math.max(nowMs + this.#delayMs, this.#youngest?.retryMs ?? 0)
    entry.older = this.#youngest
    entry.younger = undefined
    if (this.#youngest === undefined) this.#oldest = entry
    else this.#youngest.younger = entry
    this.#youngest = entry
  }

  remove(entry: T): void {
    if (entry.older === undefined) this.#oldest = entry.younger
    else entry.older.younger = entry.younger
    if (entry.younger === undefined) this.#youngest = entry.older
    else entry.younger.older = entry.older
    entry.retryMs = entry.older = entry.younger = undefined
  }

  /** The first whose time has come; it stays until it is removed. */
  due(nowMs: number): T | undefined {
    const entry = this.#oldest
    if (entry?.retryMs === undefined || entry.retryMs > nowMs) return undefined
    return entry as T // Only `add` puts entries in.
  }
}
