/**
 * The messages of a queue that are due next, by the second, as far as they fit: what is due later
 * than `horizonMs` is not known. Takes some 70 bytes for each.
 */
export class DueIndex {
  readonly #capacity: number
  readonly #seconds = new Map<number, Set<string>>()
  #size = 0
  #horizon = Number.POSITIVE_INFINITY

  /** @param capacity Messages to know of. When there are more, the sooner half of them stays. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#size
  }

  /** Messages that are due from here on are not in the index. */
  get horizonMs(): number {
    return this.#horizon * 1000
  }

  /** Forgets everything, the horizon too. */
  clear(): void {
    this.#seconds.clear()
    this.#size = 0
    this.#horizon = Number.POSITIVE_INFINITY
  }

  /** A message may have more than one time: whoever takes it must look at it. */
  add(id: string, dueMs: number): void {
    const second = Math.floor(dueMs / 1000)
    if (second >= this.#horizon) return
    const ids = this.#seconds.get(second)
    if (ids === undefined) this.#seconds.set(second, new Set([id]))
    else if (ids.has(id)) return
    else ids.add(id)
    this.#size += 1
    if (this.#size > this.#capacity) this.#shorten()
  }

  /** Takes out what is due until the end of a second, in the order of the seconds. */
  take(untilMs: number): Iterable<string> {
    const until = Math.floor(untilMs / 1000)
    const due = Array.from(this.#seconds.keys()).filter((second) => second <= until)
    return distinct(due.sort((a, b) => a - b).map((second) => this.#remove(second)))
  }

  #shorten(): void {
    const latestFirst = Float64Array.from(this.#seconds.keys()).sort().reverse()
    for (const second of latestFirst) {
      if (this.#size <= this.#capacity / 2) break
      this.#remove(second)
      this.#horizon = second
    }
  }

  #remove(second: number): ReadonlySet<string> {
    const removed = this.#seconds.get(second) ?? new Set()
    this.#seconds.delete(second)
    this.#size -= removed.size
    return removed
  }
}

/** Each once: a message with two times must not be tried twice in a row. */
function* distinct(sets: readonly ReadonlySet<string>[]): Generator<string, void, void> {
  const given = new Set<string>()
  for (const set of sets) {
    for (const id of set) {
      if (given.has(id)) continue
      given.add(id)
      yield id
    }
  }
}
