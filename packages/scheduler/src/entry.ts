import type { Activation } from './activation.ts'
import { Batch } from './batch.ts'
import type { Destination } from './destination.ts'
import type { Job } from './job.ts'
import type { PeerQueue } from './peer-queue.ts'

export type PeerDestination<M, R> = Destination<Entry<M, R>, PeerQueue<M, R>>

/**
 * A batch as a part of a job. All that a job has for one destination, its *peer*, is a list of
 * entries, for which the oldest stands: it is in the ring of the job, and in the line of the
 * destination.
 */
export class Entry<M, R> extends Batch<M, R, PeerDestination<M, R>> {
  readonly job: Job<M, R>
  /** The next one of the same peer. */
  younger: Entry<M, R> | undefined
  /** The youngest of the peer; more recipients may join it. */
  last: Entry<M, R> = this
  /** Grows with each recipient of the transport. */
  readonly serial: number
  /** The ring of the peers of the job. */
  before: Entry<M, R> = this
  after: Entry<M, R> = this
  /** The line of the peers of the destination. */
  ahead: Entry<M, R> | undefined
  behind: Entry<M, R> | undefined

  constructor(job: Job<M, R>, to: PeerDestination<M, R>, recipient: R, serial: number) {
    super(to, recipient)
    this.job = job
    this.serial = serial
  }

  override get activation(): Activation<M, R> {
    return this.job.activation
  }

  /** The next one of the peer takes its place in the ring and in the line. */
  giveWayTo(next: Entry<M, R>): void {
    next.last = this.last
    if (this.after !== this) {
      next.before = this.before
      next.after = this.after
      next.before.after = next
      next.after.before = next
    }
    this.to.todo.replace(this, next)
    letGo(this)
  }

  /** The peer is over. */
  leave(): void {
    this.before.after = this.after
    this.after.before = this.before
    this.to.todo.remove(this)
    letGo(this)
  }
}

/** Or what is done would keep others in memory. */
function letGo<M, R>(entry: Entry<M, R>): void {
  entry.younger = entry.ahead = entry.behind = undefined
  entry.last = entry.before = entry.after = entry
}
