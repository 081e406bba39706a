import type { Activation } from './activation.ts'
import type { Job } from './job.ts'

/** How many recipients of large messages may be in memory, for one transport (S-60 to S-62). */
export interface RecipientPoolOptions {
  /** `default_recipient_limit`: recipients, beyond the minimum that each message has. */
  readonly recipientLimit: number
  /** `default_extra_recipient_limit`: recipients more, for jobs that preempt. */
  readonly extraRecipientLimit: number
  /** `default_recipient_refill_limit`: more is read when there is room for so many. */
  readonly recipientRefillLimit: number
  /** `default_recipient_refill_delay`: or when the last read was so long ago, in ms. */
  readonly recipientRefillDelayMs: number
}

/** Lends recipient slots to the jobs of one transport; the oldest large message gets most. */
export class RecipientPool<M, R> {
  readonly #options: RecipientPoolOptions
  /** Listed jobs whose messages are not fully read, oldest first. */
  readonly #partlyRead: Job<M, R>[] = []
  /** Slots not lent; below 0 when preempting jobs have extra ones. */
  #free: number

  constructor(options: RecipientPoolOptions) {
    this.#options = options
    this.#free = options.recipientLimit
  }

  /** A job came into the list, and takes all that is free. */
  enter(job: Job<M, R>): void {
    const oldest = this.#partlyRead[0]
    const { activatedSec } = job.activation
    if (oldest !== undefined && activatedSec < oldest.activation.activatedSec) {
      this.#free += takeSpare(oldest)
    }
    if (job.activation.unread > 0) {
      const behind = this.#partlyRead.findLastIndex(
        (other) => other.activation.activatedSec <= activatedSec,
      )
      this.#partlyRead.splice(behind + 1, 0, job)
      job.awaitsSlots = true
    }
    if (this.#free <= 0) return
    job.slots += this.#free
    this.#free = 0
  }

  /** A job left the list, or its message is fully read, or less of it is in memory. */
  settle(job: Job<M, R>): void {
    const isPartlyRead = job.listed && job.activation.unread > 0
    if (isPartlyRead) return
    if (job.awaitsSlots) {
      this.#partlyRead.splice(this.#partlyRead.indexOf(job), 1)
      job.awaitsSlots = false
    }
    this.#free += takeSpare(job)
    const heir = this.#partlyRead[0]
    if (heir === undefined || this.#free <= 0) return
    heir.slots += this.#free
    this.#free = 0
  }

  /** A job that is not fully read preempts: it gets half of what may be given at all (S-62). */
  sponsor(job: Job<M, R>): void {
    if (job.activation.unread === 0) return
    const slots = Math.floor((this.#options.extraRecipientLimit + this.#free + 1) / 2)
    if (slots <= 0) return
    job.slots += slots
    this.#free -= slots
  }

  /** Whether the next batch is to be read; `isStuck`: nothing in memory can be selected (S-61). */
  wantsMore(activation: Activation<M, R>, isStuck: boolean, nowMs: number): boolean {
    if (activation.unread === 0 || activation.reading) return false
    const { recipientRefillLimit, recipientRefillDelayMs } = this.#options
    const room = activation.allowance - activation.load
    if (room <= 0) return false
    if (isStuck || room >= recipientRefillLimit) return true
    return nowMs - (activation.lastReadMs ?? 0) >= recipientRefillDelayMs
  }
}

function takeSpare<M, R>(job: Job<M, R>): number {
  const { allowance, load } = job.activation
  const spare = Math.max(0, Math.min(job.slots - job.recipients, allowance - load))
  job.slots -= spare
  return spare
}
