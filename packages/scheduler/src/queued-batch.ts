import type { Activation } from './activation.ts'
import type { BatchDestination } from './batch-destination.ts'
import type { Delivery } from './decision.ts'
import type { Batch } from './order.ts'
import { NO_REUSE, type Reuse } from './session-reuse.ts'

/**
 * Recipients of one message for one destination: what one delivery takes, and the decision to
 * deliver it once it is selected. Hundreds of thousands may wait, most with one recipient: what is
 * one object, and no array, is less to clean up after.
 */
export class QueuedBatch<M, R> implements Delivery<M, R>, Batch<BatchDestination<M, R>> {
  readonly activation: Activation<M, R>
  /** The destination, as the table of transports knows it. */
  readonly to: BatchDestination<M, R>
  younger: QueuedBatch<M, R> | undefined
  reuse: Reuse = NO_REUSE
  inFlight = false
  readonly #first: R
  /** Made when there are more than one, or when it is asked for. */
  #all: R[] | undefined

  constructor(activation: Activation<M, R>, to: BatchDestination<M, R>, recipient: R) {
    this.activation = activation
    this.to = to
    this.#first = recipient
  }

  get kind(): 'deliver' {
    return 'deliver'
  }

  get transport(): string {
    return this.to.transport.name
  }

  get destination(): string {
    return this.to.name
  }

  get recipients(): readonly R[] {
    this.#all ??= [this.#first]
    return this.#all
  }

  /** How many recipients it has. */
  get count(): number {
    return this.#all?.length ?? 1
  }

  /** Whether one more recipient may join it. */
  get hasRoom(): boolean {
    if (this.activation.isSplit) return false
    const { destinationRecipientLimit } = this.to.transport.limits
    return destinationRecipientLimit === 0 || this.count < destinationRecipientLimit
  }

  push(recipient: R): void {
    if (this.#all === undefined) this.#all = [this.#first, recipient]
    else this.#all.push(recipient)
  }

  /** No more recipients may join it. */
  close(): void {
    if (this.activation.last === this) this.activation.last = undefined
  }

  begin(reuse: Reuse): void {
    this.close()
    this.reuse = reuse
    this.inFlight = true
  }
}
