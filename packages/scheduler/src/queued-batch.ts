import type { Activation } from './activation.ts'
import { Batch } from './batch.ts'
import type { Destination } from './destination.ts'
import type { Fifo, Linked } from './fifo.ts'

export type BatchQueue<M, R> = Fifo<QueuedBatch<M, R>>
export type BatchDestination<M, R> = Destination<QueuedBatch<M, R>, BatchQueue<M, R>>

/** A batch that waits in the queue of its destination. */
export class QueuedBatch<M, R>
  extends Batch<M, R, BatchDestination<M, R>>
  implements Linked<QueuedBatch<M, R>>
{
  override readonly activation: Activation<M, R>
  younger: QueuedBatch<M, R> | undefined

  constructor(activation: Activation<M, R>, to: BatchDestination<M, R>, recipient: R) {
    super(to, recipient)
    this.activation = activation
  }

  /** Whether one more recipient may join it. */
  get hasRoom(): boolean {
    if (this.activation.isSplit) return false
    const { destinationRecipientLimit } = this.to.transport.limits
    return destinationRecipientLimit === 0 || this.count < destinationRecipientLimit
  }

  /** No more recipients may join it. */
  close(): void {
    if (this.activation.last === this) this.activation.last = undefined
  }
}
