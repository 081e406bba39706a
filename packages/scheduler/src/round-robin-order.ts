import { BatchDestination } from './batch-destination.ts'
import type { Order } from './order.ts'
import type { QueuedBatch } from './queued-batch.ts'
import type { Transport } from './transport.ts'
import { place } from './turn-heap.ts'
import { TurnQueue } from './turn-queue.ts'

/** Destinations take turns; within one it is first come, first served (S-64). */
export class RoundRobinOrder<M, R> implements Order<QueuedBatch<M, R>, BatchDestination<M, R>> {
  /** The destinations with a batch that may go now. */
  readonly #waiting = new TurnQueue<BatchDestination<M, R>>()
  #lastTurn = 0

  get ready(): boolean {
    return !this.#waiting.isEmpty
  }

  createDestination(
    name: string,
    transport: Transport<QueuedBatch<M, R>, BatchDestination<M, R>>,
  ): BatchDestination<M, R> {
    return new BatchDestination(name, transport)
  }

  take(): QueuedBatch<M, R> | undefined {
    const destination = this.#waiting.head()
    if (destination === undefined) return undefined
    this.#lastTurn += 1
    this.#waiting.moveToTail(destination, this.#lastTurn)
    return destination.shift()
  }

  drop(destination: BatchDestination<M, R>): QueuedBatch<M, R>[] {
    const all: QueuedBatch<M, R>[] = []
    for (let one = destination.shift(); one !== undefined; one = destination.shift()) all.push(one)
    return all
  }

  update(destination: BatchDestination<M, R>): void {
    if (destination.turn === 0) {
      this.#lastTurn += 1
      destination.turn = this.#lastTurn
    }
    place(this.#waiting, destination)
  }
}
