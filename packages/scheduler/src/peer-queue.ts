import type { Todo } from './order.ts'
import type { Peer } from './peer.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'

/** What waits for one destination: the peers of all jobs that have something for it. */
export class PeerQueue<M, R> implements Todo {
  length = 0
  /** How many recipients the transport had been given when the youngest peer came. */
  lastAdded = 0
  oldest: Peer<M, R> | undefined
  youngest: Peer<M, R> | undefined
  /** A job is blocked because this destination has no room (S-50). */
  tagged = false
  /** The order counts the destination among those that are ready. */
  isReady = false
  /** Whose it is. */
  readonly order: PreemptiveOrder<M, R>

  constructor(order: PreemptiveOrder<M, R>) {
    this.order = order
  }

  add(peer: Peer<M, R>, added: number): void {
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
