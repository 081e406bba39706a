import type { Entry } from './entry.ts'
import type { Todo } from './order.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'

/** What waits for one destination: the peers of all jobs that have something for it. */
export class PeerQueue<M, R> implements Todo {
  length = 0
  oldest: Entry<M, R> | undefined
  youngest: Entry<M, R> | undefined
  /** A job is blocked because this destination has no room (S-50). */
  tagged = false
  /** The order counts the destination among those that are ready. */
  isReady = false
  /** Whose it is. */
  readonly order: PreemptiveOrder<M, R>

  constructor(order: PreemptiveOrder<M, R>) {
    this.order = order
  }

  add(peer: Entry<M, R>): void {
    peer.ahead = this.youngest
    if (this.youngest === undefined) this.oldest = peer
    else this.youngest.behind = peer
    this.youngest = peer
  }

  remove({ ahead, behind }: Entry<M, R>): void {
    if (ahead === undefined) this.oldest = behind
    else ahead.behind = behind
    if (behind === undefined) this.youngest = ahead
    else behind.ahead = ahead
  }

  replace({ ahead, behind }: Entry<M, R>, by: Entry<M, R>): void {
    by.ahead = ahead
    by.behind = behind
    if (ahead === undefined) this.oldest = by
    else ahead.behind = by
    if (behind === undefined) this.youngest = by
    else behind.ahead = by
  }
}
