/** Times are told apart no further: a set for each second would cost more than its messages. */
export const SLOT_MS = 5000

/**
 * The messages of a queue that are due next, as far as they fit: what is due later than `horizonMs`
 * is not known. Takes some 70 bytes for each.
 */
export class DueIndex {
  readonly #capacity: number
  /** By the number of the slot of time that they are due in. */
  readonly #slots = new Map<number, Set<string>>()
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
    return this.#horizon * SLOT_MS
  }

  /** Forgets everything, the horizon too. */
  clear(): void {
    this.#slots.clear()
    this.#size = 0
    this.#horizon = Number.POSITIVE_INFINITY
  }

  /** A message may have more than one time: whoever takes it must look at it. */
  add(id: string, dueMs: number): void {
    const slot = Math.floor(dueMs / SLOT_MS)
    if (slot >= this.#horizon) return
    const ids = this.#slots.get(slot)
    if (ids === undefined) this.#slots.set(slot, new Set([id]))
    else if (ids.has(id)) return
    else ids.add(id)
    this.#size += 1
    if (this.#size > this.#capacity) this.#shorten()
  }

  /** Takes out what is due until a time, and in the slot of that time; the soonest slot first. */
  take(untilMs: number): Iterable<string> {
    const until = Math.floor(untilMs / SLOT_MS)
    const due = Array.from(this.#slots.keys()).filter((slot) => slot <= until)
    return distinct(due.sort((a, b) => a - b).map((slot) => this.#remove(slot)))
  }

  #shorten(): void {
    const latestFirst = Float64Array.from(this.#slots.keys()).sort().reverse()
    for (const slot of latestFirst) {
      if (this.#size <= this.#capacity / 2) break
      this.#remove(slot)
      this.#horizon = slot
    }
  }

  #remove(slot: number): ReadonlySet<string> {
    const removed = this.#slots.get(slot) ?? new Set()
    this.#slots.delete(slot)
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
