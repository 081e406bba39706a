import type { Activation } from './activation.ts'
import type { BatchDestination } from './batch-destination.ts'
import { WaitingRecipients } from './waiting-recipients.ts'

/** Recipients of one message for one destination, that one delivery will take. */
export class QueuedBatch<M, R> extends WaitingRecipients<R> {
  /** What came after it for the same destination. */
  younger: QueuedBatch<M, R> | undefined
  #activation: Activation<M, R> | undefined
  #to: BatchDestination<M, R> | undefined

  begin(activation: Activation<M, R>, to: BatchDestination<M, R>, recipient: R): void {
    this.#activation = activation
    this.#to = to
    this.startWith(recipient)
    activation.last = this
  }

  /** It is over: no more recipients may join it. A spare one keeps nothing else in memory. */
  end(): void {
    if (this.activation.last === this) this.activation.last = undefined
    this.#activation = this.#to = undefined
    this.clear()
  }

  get activation(): Activation<M, R> {
    return this.#activation! // Only a spare one has none.
  }

  /** Whether one more recipient of its message may join it, for that destination. */
  hasRoomFor(to: BatchDestination<M, R>): boolean {
    if (this.#to !== to || this.activation.isSplit) return false
    const { destinationRecipientLimit } = to.transport.limits
    return destinationRecipientLimit === 0 || this.count < destinationRecipientLimit
  }
}
