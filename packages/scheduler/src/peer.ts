import type { Job } from './job.ts'
import type { PeerDestination } from './peer-destination.ts'

// A spare one keeps no more places for recipients.
const MAX_SPARE_PLACES = 64

/**
 * What waits of a job for one destination: a list of recipients, of which each `limit` are an
 * entry. It is in the ring of the peers of its job, and in the line of those of its destination.
 *
 * Hundreds of thousands may wait, most with one recipient: so entries are made when they are
 * selected, one recipient needs no array, and a peer that is over is used again, with its array.
 */
export class Peer<M, R> {
  /** The ring of the job. */
  before: Peer<M, R> = this
  after: Peer<M, R> = this
  /** The line of the destination. */
  ahead: Peer<M, R> | undefined
  behind: Peer<M, R> | undefined
  #job: Job<M, R> | undefined
  #to: PeerDestination<M, R> | undefined
  /** Its recipient, as long as it had only one; then `#end` is 0. */
  #only: R | undefined
  /** Else its recipients are those from `#first` to `#end`; around them there is nothing. */
  #many: (R | undefined)[] | undefined
  #first = 0
  #end = 0

  begin(job: Job<M, R>, to: PeerDestination<M, R>, recipient: R): void {
    this.#job = job
    this.#to = to
    this.#only = recipient
  }

  /** It is over; a spare one keeps nothing else in memory. */
  end(): void {
    this.before = this.after = this
    this.ahead = this.behind = undefined
    this.#job = this.#to = this.#only = undefined
    this.#first = this.#end = 0
    if (this.#many !== undefined && this.#many.length > MAX_SPARE_PLACES) this.#many = undefined
  }

  get job(): Job<M, R> {
    return this.#job! // Only a spare one has none.
  }

  get to(): PeerDestination<M, R> {
    return this.#to! // As above.
  }

  /** How many recipients wait. */
  get count(): number {
    return this.#end === 0 ? 1 : this.#end - this.#first
  }

  push(recipient: R): void {
    this.#many ??= []
    if (this.#end === 0) {
      this.#many[0] = this.#only
      this.#end = 1
    }
    this.#many[this.#end] = recipient
    this.#end += 1
  }

  /** Takes out the recipients of the oldest entry, `limit` at most; 0 means all. */
  take(limit: number): R[] {
    const many = this.#many
    if (many === undefined || this.#end === 0) {
      this.#first = this.#end = 1
      return [this.#only as R] // It was given to `begin`.
    }
    const from = this.#first
    const to = limit === 0 ? this.#end : Math.min(from + limit, this.#end)
    const taken = many.slice(from, to) as R[] // All these are there.
    // Not `fill`: for so few it takes longer than all else here.
    for (let i = from; i < to; i++) many[i] = undefined
    this.#first = to
    if (to < this.#end && 2 * to >= this.#end) this.#moveToFront(many)
    return taken
  }

  /** Or those to come would make it longer and longer. */
  #moveToFront(many: (R | undefined)[]): void {
    const { count } = this
    many.copyWithin(0, this.#first, this.#end)
    many.fill(undefined, count, this.#end)
    this.#first = 0
    this.#end = count
  }
}
