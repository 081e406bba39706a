import type { Activation } from './activation.ts'
import { Job } from './job.ts'
import { JobList } from './job-list.ts'
import type { Order } from './order.ts'
import type { Peer } from './peer.ts'
import { PeerDestination, type PeerEntry } from './peer-destination.ts'
import { Preemption, type PreemptionOptions } from './preemption.ts'
import { RecipientPool, type RecipientPoolOptions } from './recipient-pool.ts'
import { Spares } from './spares.ts'
import type { Transport } from './transport.ts'

export interface PreemptiveOrderOptions extends PreemptionOptions, RecipientPoolOptions {
  /** `default_destination_recipient_limit`: recipients of one delivery at most; 0 = no limit. */
  readonly destinationRecipientLimit: number
}

/**
 * Jobs go by the age of their messages, but small ones may preempt large ones; a job that waits for
 * full destinations only is passed over (S-45 to S-54).
 */
export class PreemptiveOrder<M, R> implements Order<PeerEntry<M, R>, PeerDestination<M, R>> {
  readonly destinationRecipientLimit: number
  readonly sparePeers: Spares<Peer<M, R>> = new Spares()
  readonly #spareJobs: Spares<Job<M, R>> = new Spares()
  readonly #read: (activation: Activation<M, R>) => void
  readonly #jobs = new JobList<M, R>()
  readonly #preemption: Preemption<M, R>
  readonly #pool: RecipientPool<M, R>
  /** How many destinations have both an entry that waits and room for it. */
  #readyCount = 0
  /** A job is tested for preemption once for each entry that is taken. */
  #isTested = false
  /** Entries taken so far. */
  #taken = 0
  /** Recipients added so far. */
  #added = 0

  /** @param read Asks for the next batch of recipients of a message. */
  constructor(options: PreemptiveOrderOptions, read: (activation: Activation<M, R>) => void) {
    this.destinationRecipientLimit = options.destinationRecipientLimit
    this.#read = read
    this.#preemption = new Preemption(options, this.#jobs)
    this.#pool = new RecipientPool(options)
  }

  get ready(): boolean {
    return this.#readyCount > 0
  }

  createDestination(
    name: string,
    transport: Transport<PeerEntry<M, R>, PeerDestination<M, R>>,
  ): PeerDestination<M, R> {
    return new PeerDestination(name, transport, this)
  }

  beginJob(activation: Activation<M, R>): Job<M, R> {
    const job = this.#spareJobs.take() ?? new Job(this)
    job.begin(activation)
    return job
  }

  /** The message is over. */
  endJob(job: Job<M, R>): void {
    job.end()
    this.#spareJobs.give(job)
  }

  /** Queues a recipient of a message; says whether it made a new entry. */
  add(job: Job<M, R>, destination: PeerDestination<M, R>, recipient: R): boolean {
    this.#added += 1
    if (!job.add(destination, recipient, this.#added)) return false
    if (!job.listed) {
      this.#jobs.insert(job)
      this.#pool.enter(job)
    } else if (this.#jobs.isBlocked(job)) {
      this.#jobs.unblock(job)
    }
    if (this.#preemption.isOn) this.#preemption.candidates.update(job)
    return true
  }

  take(nowMs: number): PeerEntry<M, R> | undefined {
    this.#testPreemption(nowMs)
    for (let job = this.#jobs.current; job !== undefined; ) {
      const after: Job<M, R> | undefined = job.after
      if (!this.#jobs.isBlocked(job)) {
        const peer = job.nextPeer()
        if (job.readFor !== this.#taken && this.#wantsMore(job, peer, nowMs)) {
          job.readFor = this.#taken
          this.#read(job.activation)
          return undefined
        }
        if (peer !== undefined) return this.#select(job, peer)
        if (job.waiting === 0) this.#retire(job)
        else this.#jobs.block(job)
      }
      job = after
    }
    this.#jobs.current = undefined
    this.#isTested = false
    return undefined
  }

  drop(destination: PeerDestination<M, R>): PeerEntry<M, R>[] {
    const dropped: PeerEntry<M, R>[] = []
    for (let peer = destination.oldest; peer !== undefined; peer = destination.oldest) {
      const { job } = peer
      for (const entry of job.drop(peer)) dropped.push(entry)
      if (this.#preemption.isOn) this.#preemption.candidates.update(job)
      if (job.waiting === 0) this.#retire(job)
    }
    destination.tagged = false
    return dropped
  }

  update(destination: PeerDestination<M, R>): void {
    const { hasRoom, ready } = destination
    if (ready !== destination.isCounted) {
      destination.isCounted = ready
      this.#readyCount += ready ? 1 : -1
    }
    if (!hasRoom || !destination.tagged) return
    destination.tagged = false
    if (ready) this.#jobs.releaseBlocked()
  }

  /** An entry of the job is out of memory, or its message is fully read. */
  settle(job: Job<M, R>): void {
    if (job.listed && job.waiting === 0 && job.activation.unread === 0) this.#retire(job)
    else this.#pool.settle(job)
  }

  /** The number of its unread recipients is another. */
  resize(job: Job<M, R>): void {
    if (job.listed && this.#preemption.isOn) this.#preemption.candidates.update(job)
  }

  #testPreemption(nowMs: number): void {
    const { current } = this.#jobs
    if (this.#isTested || current === undefined || !this.#preemption.isOn) return
    this.#isTested = true
    const job = this.#preemption.test(current, nowMs)
    if (job !== undefined) this.#pool.sponsor(job)
  }

  #wantsMore(job: Job<M, R>, peer: Peer<M, R> | undefined, nowMs: number): boolean {
    return this.#pool.wantsMore(job.activation, peer === undefined, nowMs)
  }

  #select(job: Job<M, R>, peer: Peer<M, R>): PeerEntry<M, R> {
    const entry = job.take(peer)
    job.available += 1
    if (job.stack !== undefined) job.stack.used += 1
    this.#taken += 1
    this.#isTested = false
    this.#jobs.current = job
    if (job.waiting === 0 && job.activation.unread === 0) this.#retire(job)
    else if (job.selected === 1 && this.#preemption.isOn) this.#preemption.candidates.update(job)
    return entry
  }

  #retire(job: Job<M, R>): void {
    this.#preemption.leaveStack(job)
    this.#preemption.candidates.remove(job)
    this.#jobs.remove(job)
    this.#pool.settle(job)
  }
}
