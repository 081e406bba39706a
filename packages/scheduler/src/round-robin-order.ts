import type { Activation } from './activation.ts'
import { BatchDestination, type BatchEntry } from './batch-destination.ts'
import { Entry } from './entry.ts'
import type { Order } from './order.ts'
import { QueuedBatch } from './queued-batch.ts'
import { Spares } from './spares.ts'
import type { Transport } from './transport.ts'
import { place } from './turn-heap.ts'
import { TurnQueue } from './turn-queue.ts'

/** Destinations take turns; within one it is first come, first served (S-64). */
export class RoundRobinOrder<M, R> implements Order<BatchEntry<M, R>, BatchDestination<M, R>> {
  /** The destinations with a batch that may go now. */
  readonly #waiting = new TurnQueue<BatchDestination<M, R>>()
  readonly #spares = new Spares<QueuedBatch<M, R>>()
  #lastTurn = 0

  get ready(): boolean {
    return !this.#waiting.isEmpty
  }

  createDestination(
    name: string,
    transport: Transport<BatchEntry<M, R>, BatchDestination<M, R>>,
  ): BatchDestination<M, R> {
    return new BatchDestination(name, transport, this)
  }

  /** Queues the first recipient of a batch. */
  add(activation: Activation<M, R>, to: BatchDestination<M, R>, recipient: R): void {
    const batch = this.#spares.take() ?? new QueuedBatch()
    batch.begin(activation, to, recipient)
    to.push(batch)
  }

  take(): BatchEntry<M, R> | undefined {
    const destination = this.#waiting.head()
    if (destination === undefined) return undefined
    this.#lastTurn += 1
    this.#waiting.moveToTail(destination, this.#lastTurn)
    return this.#takeFrom(destination)
  }

  drop(destination: BatchDestination<M, R>): BatchEntry<M, R>[] {
    const all: BatchEntry<M, R>[] = []
    for (let one = this.#takeFrom(destination); one; one = this.#takeFrom(destination)) {
      all.push(one)
    }
    return all
  }

  update(destination: BatchDestination<M, R>): void {
    if (destination.turn === 0) {
      this.#lastTurn += 1
      destination.turn = this.#lastTurn
    }
    place(this.#waiting, destination)
  }

  #takeFrom(destination: BatchDestination<M, R>): BatchEntry<M, R> | undefined {
    const batch = destination.shift()
    if (batch === undefined) return undefined
    const entry = new Entry(batch.activation, destination, batch.take(0))
    batch.end()
    this.#spares.give(batch)
    return entry
  }
}
