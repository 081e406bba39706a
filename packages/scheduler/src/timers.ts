import { TurnHeap, type TurnTaker } from './turn-heap.ts'

interface Timer extends TurnTaker {
  readonly ring: () => void
}

/** Things to do at a moment, for delays that differ; no clock of its own. O(log n) in them. */
export class Timers {
  readonly #heap = new TurnHeap<Timer>()

  /** When the first is due, in milliseconds since 1970. */
  get nextMs(): number | undefined {
    return this.#heap.head()?.turn
  }

  at(atMs: number, ring: () => void): void {
    this.#heap.add({ turn: atMs, place: -1, ring })
  }

  ringDue(nowMs: number): void {
    for (let timer = this.#heap.head(); timer !== undefined; timer = this.#heap.head()) {
      if (timer.turn > nowMs) return
      this.#heap.remove(timer)
      timer.ring()
    }
  }
}
