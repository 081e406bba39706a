import { Activation } from './activation.ts'
import type { Decision, Delivery, Read, SuspendedEntries } from './decision.ts'
import type { DeliveryResult } from './delivery-result.ts'
import type { Suspension } from './destination.ts'
import { Entry } from './entry.ts'
import { Fifo } from './fifo.ts'
import { PeerDestination, type PeerEntry } from './peer-destination.ts'
import { PreemptiveOrder, type PreemptiveOrderOptions } from './preemptive-order.ts'
import type { OpenOptions, Scheduler } from './scheduler.ts'
import type { TransportLimits } from './transport.ts'
import { type SchedulerOptions, TransportTable } from './transport-table.ts'

// S-59: bounds the time of one read.
const MAX_BATCH = 5000

/** What one transport may do, and how it lets small jobs go before large ones. */
export interface PreemptiveLimits extends TransportLimits, PreemptiveOrderOptions {}

/** What holds for all transports. */
export interface PreemptiveOptions extends SchedulerOptions {
  /** `qmgr_message_recipient_limit`: recipients in memory, above which messages share. */
  readonly messageRecipientLimit: number
  /** `qmgr_message_recipient_minimum`: recipients that each message may have in memory. */
  readonly messageRecipientMinimum: number
}

/**
 * Chooses which delivery goes next, as Postfix qmgr(8) does: the oldest message first, but small
 * ones may go before large ones, which lose no more than one in `slotCost` of their turns by it.
 * Windows, dead destinations and delays are those of `RoundRobinScheduler`.
 *
 * Does no I/O and has no clock: say what time it is (milliseconds since 1970). Memory follows the
 * recipients added, which the decisions to read bound (I-6).
 *
 * Source: rules S-42 to S-62 of spec/queue-manager.md, and those of the common part.
 */
export class PreemptiveScheduler<M, R> implements Scheduler<M, R> {
  readonly #options: PreemptiveOptions
  readonly #table: TransportTable<PeerEntry<M, R>, PeerDestination<M, R>>
  /** Messages of which more is to be read. */
  readonly #reads = new Fifo<Activation<M, R>>()
  #size = 0
  #busy = 0
  #recipients = 0

  /** @param limitsOf Asked once per transport, when it is first used. */
  constructor(options: PreemptiveOptions, limitsOf: (transport: string) => PreemptiveLimits) {
    this.#options = options
    const limits = new Map<string, PreemptiveLimits>()
    const remembered = (transport: string) => {
      const known = limits.get(transport) ?? limitsOf(transport)
      limits.set(transport, known)
      return known
    }
    this.#table = new TransportTable(options, remembered, (transport) => {
      const read = (activation: Activation<M, R>) => this.#askFor(activation)
      return new PreemptiveOrder(remembered(transport), read)
    })
  }

  get size(): number {
    return this.#size
  }

  get busy(): number {
    return this.#busy
  }

  get recipients(): number {
    return this.#recipients
  }

  get destinations(): number {
    return this.#table.destinations
  }

  /** S-59. */
  firstBatch(others: number): number {
    const { messageRecipientLimit, messageRecipientMinimum } = this.#options
    const room = Math.max(
      messageRecipientLimit - this.#recipients - others,
      messageRecipientMinimum,
    )
    return Math.min(MAX_BATCH, room)
  }

  /** Never: each message may have a few, and the number of messages is the caller's to bound. */
  isFull(): boolean {
    return false
  }

  open(message: M, unread: number, nowMs: number, options?: OpenOptions): Activation<M, R> {
    const { messageRecipientMinimum } = this.#options
    const activation = new Activation<M, R>(message, unread, messageRecipientMinimum, nowMs)
    if (options?.isSplit === true) activation.isSplit = true
    if (options?.isFirstAtHand === true) {
      activation.isNew = false
      activation.reading = true
    } else if (unread > 0) {
      this.#askFor(activation)
    }
    return activation
  }

  add(
    activation: Activation<M, R>,
    to: { readonly transport: string; readonly destination: string },
    recipient: R,
    nowMs: number,
  ): Suspension | undefined {
    const record = this.#table.enter(to.transport, to.destination, nowMs)
    if (!(record instanceof PeerDestination)) return record
    const { order } = record
    activation.load += 1
    this.#recipients += 1
    if (order.add(activation.jobOn(order), record, recipient)) {
      this.#size += 1
      this.#table.noteQueued(record)
      this.#table.update(record)
    }
    return undefined
  }

  loaded(activation: Activation<M, R>, unread: number, nowMs: number): void {
    activation.unread = unread
    activation.reading = false
    activation.lastReadMs = nowMs
    for (let job = activation.firstJob; job !== undefined; job = job.sibling) {
      job.order.resize(job)
      job.order.settle(job)
    }
    this.#askIfEmpty(activation)
  }

  next(nowMs: number): Decision<M, R> | undefined {
    this.#table.wake(nowMs)
    return this.#nextRead() ?? this.#nextDelivery(nowMs) ?? this.#nextRead()
  }

  finish(
    delivery: Delivery<M, R>,
    result: DeliveryResult,
    nowMs: number,
  ): SuspendedEntries<M, R> | undefined {
    if (!(delivery instanceof Entry && delivery.inFlight)) {
      throw new Error('expected a delivery that is in flight')
    }
    delivery.inFlight = false
    this.#busy -= 1
    const died = this.#table.finish(delivery.to, result, nowMs)
    this.#release(delivery)
    if (died === undefined) return undefined
    this.#size -= died.entries.length
    for (const entry of died.entries) this.#release(entry)
    return died
  }

  revive(transport: string, destination: string): void {
    this.#table.revive(transport, destination)
  }

  reviveAll(): void {
    this.#table.reviveAll()
  }

  nextWakeMs(): number | undefined {
    return this.#table.nextWakeMs
  }

  #nextDelivery(nowMs: number): Delivery<M, R> | undefined {
    const transport = this.#table.head(nowMs)
    const entry = transport && this.#table.begin(transport, nowMs)
    if (entry === undefined) return undefined
    this.#size -= 1
    this.#busy += 1
    return entry
  }

  #nextRead(): Read<M, R> | undefined {
    const activation = this.#reads.shift()
    if (activation === undefined) return undefined
    const room = activation.isNew
      ? this.firstBatch(0)
      : Math.min(MAX_BATCH, activation.allowance - activation.load)
    activation.isNew = false
    return { kind: 'read', activation, limit: room }
  }

  #askFor(activation: Activation<M, R>): void {
    activation.reading = true
    this.#reads.push(activation)
  }

  #askIfEmpty(activation: Activation<M, R>): void {
    const { load, reading, unread } = activation
    if (load === 0 && unread > 0 && !reading) this.#askFor(activation)
  }

  /** Recipients leave memory. */
  #release({ activation, to: { order }, recipients: { length } }: PeerEntry<M, R>): void {
    activation.load -= length
    activation.jobOn(order).recipients -= length
    this.#recipients -= length
    for (let job = activation.firstJob; job !== undefined; job = job.sibling) {
      job.order.settle(job)
    }
    if (activation.done) endJobs(activation)
    else this.#askIfEmpty(activation)
  }
}

function endJobs<M, R>(activation: Activation<M, R>): void {
  for (let job = activation.firstJob; job !== undefined; ) {
    const { sibling } = job
    job.order.endJob(job)
    job = sibling
  }
  activation.firstJob = undefined
}
