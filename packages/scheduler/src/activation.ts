import type { Job } from './job.ts'

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
  lastReadMs: number
  readonly minimum: number
  readonly jobs: Job<M, R>[] = []

  constructor(message: M, unread: number, minimum: number, nowMs: number) {
    this.message = message
    this.activatedSec = Math.floor(nowMs / 1000)
    this.unread = unread
    this.minimum = minimum
    this.lastReadMs = nowMs
  }

  /** Nothing of it waits, is in flight or is still to be read. */
  get done(): boolean {
    return this.load === 0 && this.unread === 0 && !this.reading
  }

  /** Recipients that it may have in memory; its load may be above, after the first read (S-60). */
  get allowance(): number {
    return this.jobs.reduce((sum, job) => sum + job.slots, this.minimum)
  }
}
