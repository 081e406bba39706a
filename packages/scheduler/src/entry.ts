import type { Activation } from './activation.ts'
import type { Delivery } from './decision.ts'
import type { Job } from './job.ts'
import type { Batch } from './order.ts'
import type { PeerDestination } from './peer-destination.ts'
import { NO_REUSE, type Reuse } from './session-reuse.ts'

/** What was selected of a job: recipients for one delivery. */
export class Entry<M, R> implements Delivery<M, R>, Batch<PeerDestination<M, R>> {
  readonly kind = 'deliver'
  readonly activation: Activation<M, R>
  readonly recipients: readonly R[]
  readonly job: Job<M, R>
  /** The destination, as the table of transports knows it. */
  readonly to: PeerDestination<M, R>
  reuse: Reuse = NO_REUSE
  inFlight = false

  constructor(job: Job<M, R>, to: PeerDestination<M, R>, recipients: readonly R[]) {
    this.activation = job.activation
    this.recipients = recipients
    this.job = job
    this.to = to
  }

  get transport(): string {
    return this.to.transport.name
  }

  get destination(): string {
    return this.to.name
  }

  begin(reuse: Reuse): void {
    this.reuse = reuse
    this.inFlight = true
  }
}
