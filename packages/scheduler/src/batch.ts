import type { Activation } from './activation.ts'
import type { Delivery } from './decision.ts'
import { NO_REUSE, type Reuse } from './session-reuse.ts'

interface Named {
  readonly name: string
}

/**
 * Recipients of one message for one destination: what one delivery takes, and the decision to
 * deliver it once it is selected. Hundreds of thousands may wait, most with one recipient: what is
 * one object, and no array, is less to clean up after.
 */
export abstract class Batch<M, R, To extends Named & { readonly transport: Named }>
  implements Delivery<M, R>
{
  abstract readonly activation: Activation<M, R>
  /** The destination, as the table of transports knows it. */
  readonly to: To
  reuse: Reuse = NO_REUSE
  inFlight = false
  readonly #first: R
  /** Made when there are more than one, or when it is asked for. */
  #all: R[] | undefined

  constructor(to: To, recipient: R) {
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

  push(recipient: R): void {
    if (this.#all === undefined) this.#all = [this.#first, recipient]
    else this.#all.push(recipient)
  }

  /** It was selected. */
  begin(reuse: Reuse): this {
    this.reuse = reuse
    this.inFlight = true
    return this
  }
}
