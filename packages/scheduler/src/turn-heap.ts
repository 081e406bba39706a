/** Something that waits for its turn. The heap writes `place`; nobody else does. */
export interface TurnTaker {
  /** Who has the smallest goes first. Change it only outside the heap or through `moveToTail`. */
  turn: number
  /** Where it is in the heap; -1 when it is not in one. */
  place: number
}

/**
 * A round robin of which any member may leave and come back to its old place.
 *
 * Postfix keeps all destinations in one list and looks for the first that may go, which costs a
 * walk over all that may not. Here only those that may go are kept, in the same order: the number
 * of the turn is the place in that list. Every operation is O(log n) in them.
 */
export class TurnHeap<T extends TurnTaker> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  /** Who is next. */
  head(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    item.place = this.#items.length
    this.#items.push(item)
    this.#rise(item)
  }

  remove(item: T): void {
    const last = this.#items.pop()! // Not empty: the item is in it.
    const { place } = item
    item.place = -1
    if (last === item) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  /** Gives an item a later turn. */
  moveToTail(item: T, turn: number): void {
    item.turn = turn
    this.#sink(item)
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1]! // A parent of a place that exists.
      if (parent.turn <= item.turn) return
      const free = parent.place
      this.#put(parent, item.place)
      this.#put(item, free)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      const right = this.#items[2 * item.place + 2]
      const child =
        right !== undefined && left !== undefined && right.turn < left.turn ? right : left
      if (child === undefined || child.turn >= item.turn) return
      const free = child.place
      this.#put(child, item.place)
      this.#put(item, free)
    }
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}

/** Puts something that may go into a heap, and takes what may not out of it. */
export function place<T extends TurnTaker & { readonly ready: boolean }>(
  heap: { add(item: T): void; remove(item: T): void },
  item: T,
): void {
  if (item.ready === item.place >= 0) return
  if (item.ready) heap.add(item)
  else heap.remove(item)
}
