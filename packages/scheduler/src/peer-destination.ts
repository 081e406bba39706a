import { Destination } from './destination.ts'
import type { Entry } from './entry.ts'
import type { Peer } from './peer.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'
import type { Transport } from './transport.ts'

export type PeerEntry<M, R> = Entry<M, R, PeerDestination<M, R>>

/** A destination, with the line of the peers of all jobs that have something for it. */
export class PeerDestination<M, R> extends Destination<PeerEntry<M, R>, PeerDestination<M, R>> {
  readonly order: PreemptiveOrder<M, R>
  oldest: Peer<M, R> | undefined
  youngest: Peer<M, R> | undefined
  /** How many recipients the transport had been given when the youngest peer came. */
  lastAdded = 0
  /** A job is blocked because this destination has no room (S-50). */
  tagged = false
  /** The order counts it among those that are ready. */
  isCounted = false

  constructor(
    name: string,
    transport: Transport<PeerEntry<M, R>, PeerDestination<M, R>>,
    order: PreemptiveOrder<M, R>,
  ) {
    super(name, transport)
    this.order = order
  }

  push(peer: Peer<M, R>, added: number): void {
    this.lastAdded = added
    peer.ahead = this.youngest
    if (this.youngest === undefined) this.oldest = peer
    else this.youngest.behind = peer
    this.youngest = peer
  }

  remove({ ahead, behind }: Peer<M, R>): void {
    if (ahead === undefined) this.oldest = behind
    else ahead.behind = behind
    if (behind === undefined) this.youngest = ahead
    else behind.ahead = ahead
  }
}
