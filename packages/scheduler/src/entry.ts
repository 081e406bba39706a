import type { Activation } from './activation.ts'
import type { Delivery } from './decision.ts'
import type { Selected } from './order.ts'
import { NO_REUSE, type Reuse } from './session-reuse.ts'

interface Named {
  readonly name: string
  readonly transport: { readonly name: string }
}

/** What was selected: recipients of one message for one delivery. */
export class Entry<M, R, D extends Named> implements Delivery<M, R>, Selected<D> {
  readonly kind = 'deliver'
  readonly activation: Activation<M, R>
  readonly recipients: readonly R[]
  /** The destination, as the table of transports knows it. */
  readonly to: D
  reuse: Reuse = NO_REUSE
  inFlight = false

  constructor(activation: Activation<M, R>, to: D, recipients: readonly R[]) {
    this.activation = activation
    this.recipients = recipients
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
