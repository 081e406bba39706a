import type { Job } from './job.ts'
import type { PeerDestination } from './peer-destination.ts'
import { WaitingRecipients } from './waiting-recipients.ts'

/**
 * What waits of a job for one destination: a list of recipients, of which each `limit` are an
 * entry. It is in the ring of the peers of its job, and in the line of those of its destination.
 */
export class Peer<M, R> extends WaitingRecipients<R> {
  /** The ring of the job. */
  before: Peer<M, R> = this
  after: Peer<M, R> = this
  /** The line of the destination. */
  ahead: Peer<M, R> | undefined
  behind: Peer<M, R> | undefined
  #job: Job<M, R> | undefined
  #to: PeerDestination<M, R> | undefined

  begin(job: Job<M, R>, to: PeerDestination<M, R>, recipient: R): void {
    this.#job = job
    this.#to = to
    this.startWith(recipient)
  }

  /** It is over; a spare one keeps nothing else in memory. */
  end(): void {
    this.before = this.after = this
    this.ahead = this.behind = undefined
    this.#job = this.#to = undefined
    this.clear()
  }

  get job(): Job<M, R> {
    return this.#job! // Only a spare one has none.
  }

  get to(): PeerDestination<M, R> {
    return this.#to! // As above.
  }
}
