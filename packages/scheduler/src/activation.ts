import type { Job } from './job.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'
import type { QueuedBatch } from './queued-batch.ts'

/** A message in the scheduler, from its activation until it is done. */
export class Activation<M, R> {
  readonly message: M
  /** Jobs are ordered by it; whole seconds, as in Postfix (S-45). */
  readonly activatedSec: number
  /** Recipients not read yet, at most. */
  unread: number
  /** Recipients in memory, those of deliveries in flight included. */
  load = 0
  /** A decision to read is out. */
  reading = false
  /** No batch was read yet. */
  isNew = true
  /** Not set at first: one number more for each message that waits would be an object more. */
  lastReadMs: number | undefined
  /** Each recipient is a delivery of its own. */
  isSplit = false
  readonly minimum: number
  /** Of the preemptive scheduler: a job for each transport, by `sibling`; mostly only one. */
  firstJob: Job<M, R> | undefined
  /** Of the round robin: the entry that the next recipient may join. */
  last: QueuedBatch<M, R> | undefined
  /** The next message of which more is to be read. */
  younger: Activation<M, R> | undefined

  constructor(message: M, unread: number, minimum: number, nowMs: number) {
    this.message = message
    this.activatedSec = Math.floor(nowMs / 1000)
    this.unread = unread
    this.minimum = minimum
  }

  /** Nothing of it waits, is in flight or is still to be read. */
  get done(): boolean {
    return this.load === 0 && this.unread === 0 && !this.reading
  }

  /** Recipients that it may have in memory; its load may be above, after the first read (S-60). */
  get allowance(): number {
    let sum = this.minimum
    for (let job = this.firstJob; job !== undefined; job = job.sibling) sum += job.slots
    return sum
  }

  /** The job for a transport, made when it is first asked for. */
  jobOn(order: PreemptiveOrder<M, R>): Job<M, R> {
    for (let job = this.firstJob; job !== undefined; job = job.sibling) {
      if (job.order === order) return job
    }
    this.firstJob = order.beginJob(this)
    return this.firstJob
  }
}
