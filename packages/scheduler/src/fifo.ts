// Below this many taken places the array is left alone; above, it is cut when half is taken.
const MIN_CUT = 32

/** First in, first out, in amortized constant time (`shift` of a long array is not). */
export class Fifo<T> {
  #items: T[] = []
  #taken = 0

  get length(): number {
    return this.#items.length - this.#taken
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The oldest item, taken out. Call only when `length` is not 0. */
  shift(): T {
    const item = this.#items[this.#taken]! // Filled: the caller saw a length.
    this.#taken += 1
    if (this.#taken === this.#items.length) {
      this.#items.length = 0
      this.#taken = 0
    } else if (this.#taken >= MIN_CUT && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  /** Everything, oldest first, taken out. */
  clear(): T[] {
    const all = this.#taken === 0 ? this.#items : this.#items.slice(this.#taken)
    this.#items = []
    this.#taken = 0
    return all
  }
}
