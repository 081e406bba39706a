import { Destination } from './destination.ts'
import type { Entry } from './entry.ts'
import type { QueuedBatch } from './queued-batch.ts'
import type { RoundRobinOrder } from './round-robin-order.ts'
import type { Transport } from './transport.ts'
import type { QueuedTurnTaker } from './turn-queue.ts'

export type BatchEntry<M, R> = Entry<M, R, BatchDestination<M, R>>

/** A destination, with what waits for it: first come, first served. */
export class BatchDestination<M, R>
  extends Destination<BatchEntry<M, R>, BatchDestination<M, R>>
  implements QueuedTurnTaker
{
  readonly order: RoundRobinOrder<M, R>
  turn = 0
  place = -1
  ahead: QueuedTurnTaker | undefined
  behind: QueuedTurnTaker | undefined
  #oldest: QueuedBatch<M, R> | undefined
  #youngest: QueuedBatch<M, R> | undefined

  constructor(
    name: string,
    transport: Transport<BatchEntry<M, R>, BatchDestination<M, R>>,
    order: RoundRobinOrder<M, R>,
  ) {
    super(name, transport)
    this.order = order
  }

  /** Its turn is after those of all others, as if it was new (S-64). */
  override comeBack(now: number): void {
    super.comeBack(now)
    this.turn = 0
  }

  push(batch: QueuedBatch<M, R>): void {
    if (this.#youngest === undefined) this.#oldest = batch
    else this.#youngest.younger = batch
    this.#youngest = batch
    this.waiting += 1
  }

  /** The oldest batch, taken out. */
  shift(): QueuedBatch<M, R> | undefined {
    const batch = this.#oldest
    if (batch === undefined) return undefined
    this.#oldest = batch.younger
    if (this.#oldest === undefined) this.#youngest = undefined
    batch.younger = undefined // Or it would keep what came after it in memory.
    this.waiting -= 1
    return batch
  }
}
