/** Something that may wait in a `Fifo`, which writes this field. */
export interface Linked<T> {
  younger: T | undefined
}

/**
 * First in, first out, as a list through the items themselves: nothing is allocated, and an item
 * may be in one only.
 */
export class Fifo<T extends Linked<T>> {
  #oldest: T | undefined
  #youngest: T | undefined

  push(item: T): void {
    if (this.#youngest === undefined) this.#oldest = item
    else this.#youngest.younger = item
    this.#youngest = item
  }

  /** The oldest item, taken out. */
  shift(): T | undefined {
    const item = this.#oldest
    if (item === undefined) return undefined
    this.#oldest = item.younger
    if (this.#oldest === undefined) this.#youngest = undefined
    item.younger = undefined // Or it would keep what came after it in memory.
    return item
  }
}
