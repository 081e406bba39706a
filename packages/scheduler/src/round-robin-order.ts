import type { Destination } from './destination.ts'
import { Fifo, type Linked } from './fifo.ts'
import type { Order, Taken } from './order.ts'
import { place } from './turn-heap.ts'
import { TurnQueue } from './turn-queue.ts'

/** Destinations take turns; within one it is first come, first served (S-64). */
export class RoundRobinOrder<Job extends Linked<Job>> implements Order<Job, Fifo<Job>> {
  /** The destinations with a job that may go now. */
  readonly #waiting = new TurnQueue<Destination<Job, Fifo<Job>>>()
  #lastTurn = 0

  get ready(): boolean {
    return !this.#waiting.isEmpty
  }

  createTodo(): Fifo<Job> {
    return new Fifo()
  }

  take(): Taken<Job, Fifo<Job>> | undefined {
    const destination = this.#waiting.head()
    const entry = destination?.todo.shift()
    if (destination === undefined || entry === undefined) return undefined
    this.#lastTurn += 1
    this.#waiting.moveToTail(destination, this.#lastTurn)
    return { destination, entry }
  }

  drop(destination: Destination<Job, Fifo<Job>>): Job[] {
    return destination.todo.clear()
  }

  update(destination: Destination<Job, Fifo<Job>>): void {
    if (destination.turn === 0) {
      this.#lastTurn += 1
      destination.turn = this.#lastTurn
    }
    place(this.#waiting, destination)
  }
}
