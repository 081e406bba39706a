/** Something that may wait in a `Fifo`, which writes this field. */
export interface Linked<T> {
  younger: T | undefined
}

/**
 * First in, first out, as a list through the items themselves: nothing is allocated, and an item
 * may be in one only. All but `clear` takes constant time.
 */
export class Fifo<T extends Linked<T>> {
  #oldest: T | undefined
  #youngest: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#youngest === undefined) this.#oldest = item
    else this.#youngest.younger = item
    this.#youngest = item
    this.#length += 1
  }

  /** The oldest item, taken out. */
  shift(): T | undefined {
    const item = this.#oldest
    if (item === undefined) return undefined
    this.#oldest = item.younger
    if (this.#oldest === undefined) this.#youngest = undefined
    item.younger = undefined // Or it would keep what came after it in memory.
    this.#length -= 1
    return item
  }

  /** Everything, oldest first, taken out. */
  clear(): T[] {
    const all: T[] = []
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item)
    return all
  }
}
