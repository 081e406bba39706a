import { TurnHeap, type TurnTaker } from './turn-heap.ts'

/** A `TurnTaker` that may also stand in line. The queue writes these fields; nobody else does. */
export interface QueuedTurnTaker extends TurnTaker {
  ahead: QueuedTurnTaker | undefined
  behind: QueuedTurnTaker | undefined
}

// The `place` of who stands in line; those in the heap have smaller ones.
const IN_LINE = 2 ** 30

/**
 * A round robin like `TurnHeap`, in constant time for who goes to the tail, as nearly all do: they
 * stand in line. Only who comes back to an old place is in a heap.
 */
export class TurnQueue<T extends QueuedTurnTaker> {
  readonly #late = new TurnHeap<T>()
  #first: T | undefined
  #last: T | undefined

  get isEmpty(): boolean {
    return this.#first === undefined && this.#late.size === 0
  }

  /** Who is next. */
  head(): T | undefined {
    const late = this.#late.head()
    if (late === undefined || this.#first === undefined) return late ?? this.#first
    return late.turn < this.#first.turn ? late : this.#first
  }

  add(item: T): void {
    if (this.#last !== undefined && item.turn < this.#last.turn) this.#late.add(item)
    else this.#append(item)
  }

  remove(item: T): void {
    if (item.place !== IN_LINE) {
      this.#late.remove(item)
      return
    }
    const { ahead, behind } = item
    if (ahead === undefined)
      this.#first = behind as T | undefined // Only `add` puts items in.
    else ahead.behind = behind
    if (behind === undefined) this.#last = ahead as T | undefined
    else behind.ahead = ahead
    item.ahead = item.behind = undefined
    item.place = -1
  }

  /** Gives an item a turn later than all others. */
  moveToTail(item: T, turn: number): void {
    this.remove(item)
    item.turn = turn
    this.#append(item)
  }

  #append(item: T): void {
    item.place = IN_LINE
    item.ahead = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.behind = item
    this.#last = item
  }
}
