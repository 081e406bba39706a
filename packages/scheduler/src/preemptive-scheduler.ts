import { Activation } from './activation.ts'
import type { DeliveryResult } from './delivery-result.ts'
import type { Suspension } from './destination.ts'
import { type Entry, Job, type PeerQueue } from './job.ts'

import { PreemptiveOrder, type PreemptiveOrderOptions } from './preemptive-order.ts'
import type { TransportLimits } from './transport.ts'
import { type Begun, type SchedulerOptions, TransportTable } from './transport-table.ts'

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

/** What to do next. */
export type Decision<M, R> = Delivery<M, R> | Read<M, R>

/** Deliver to these recipients now. Give it back to `finish`, once. */
export interface Delivery<M, R> {
  readonly kind: 'deliver'
  readonly activation: Activation<M, R>
  readonly transport: string
  readonly destination: string
  readonly recipients: readonly R[]
  /** Whether the delivery may take its session from the cache, and leave it there (S-89). */
  readonly reuse: { readonly load: boolean; readonly store: boolean }
}

/** Read the next recipients of a message, `add` them, and tell `loaded`. */
export interface Read<M, R> {
  readonly kind: 'read'
  readonly activation: Activation<M, R>
  /** Recipients to read at most. */
  readonly limit: number
}

/** A transport or destination just died, with all that waited for it, for the caller to defer. */
export interface SuspendedEntries<M, R> extends Suspension {
  readonly entries: readonly {
    readonly activation: Activation<M, R>
    readonly recipients: readonly R[]
  }[]
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
export class PreemptiveScheduler<M, R> {
  readonly #options: PreemptiveOptions
  readonly #table: TransportTable<Entry<M, R>, PeerQueue<M, R>>
  readonly #orders = new Map<string, PreemptiveOrder<M, R>>()
  readonly #inFlight = new Map<Delivery<M, R>, Begun<Entry<M, R>, PeerQueue<M, R>>>()
  /** Messages of which more is to be read. */
  readonly #reads: Activation<M, R>[] = []
  #size = 0
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
      const order = new PreemptiveOrder(remembered(transport), read)
      this.#orders.set(transport, order)
      return order
    })
  }

  /** Entries waiting: batches of recipients, each worth one delivery. */
  get size(): number {
    return this.#size
  }

  /** Deliveries in flight. */
  get busy(): number {
    return this.#inFlight.size
  }

  /** Recipients in memory, those in flight included. */
  get recipients(): number {
    return this.#recipients
  }

  /** Destinations in memory, dead ones included. */
  get destinations(): number {
    return this.#table.destinations
  }

  /**
   * Takes a message in. Add its recipients at once when there are few; or say how many are `unread`
   * at most, and decisions to read will ask for them.
   */
  open(message: M, unread: number, nowMs: number): Activation<M, R> {
    const { messageRecipientMinimum } = this.#options
    const activation = new Activation<M, R>(message, unread, messageRecipientMinimum, nowMs)
    if (unread > 0) this.#askFor(activation)
    return activation
  }

  /**
   * Queues a recipient of a message. It joins a delivery of the same message to the same
   * destination that has not begun, if that has room.
   *
   * @returns why not, if the transport or the destination is dead: the recipient was not taken, and
   * is the caller's to defer with this status and reason.
   */
  add(
    activation: Activation<M, R>,
    to: { readonly transport: string; readonly destination: string },
    recipient: R,
    nowMs: number,
  ): Suspension | undefined {
    const record = this.#table.enter(to.transport, to.destination, nowMs)
    if (!('todo' in record)) return record
    const order = this.#orders.get(to.transport)! // Made with the transport, which was entered.
    let job = activation.jobs.find((one) => one.order === order)
    if (job === undefined) {
      job = new Job(activation, order)
      activation.jobs.push(job)
    }
    activation.load += 1
    this.#recipients += 1
    if (order.add(job, record, recipient)) {
      this.#size += 1
      this.#table.update(record)
    }
    return undefined
  }

  /** A batch was read and added; `unread` recipients are left at most. */
  loaded(activation: Activation<M, R>, unread: number, nowMs: number): void {
    activation.unread = unread
    activation.reading = false
    activation.lastReadMs = nowMs
    for (const job of activation.jobs) {
      job.order.resize(job)
      job.order.settle(job)
    }
    this.#askIfEmpty(activation)
  }

  /** What to do next, or undefined if there is nothing to do now. */
  next(nowMs: number): Decision<M, R> | undefined {
    this.#table.wake(nowMs)
    return this.#nextRead() ?? this.#nextDelivery(nowMs) ?? this.#nextRead()
  }

  /**
   * Ends a delivery. Look at `done` of its activation afterwards: the message may be over.
   *
   * @returns what just died because of it, with the entries that waited. The recipients of the
   * delivery itself are not among them: what becomes of them is in the caller's hands.
   * @throws {Error} The delivery is not in flight: a bug of the caller.
   */
  finish(
    delivery: Delivery<M, R>,
    result: DeliveryResult,
    nowMs: number,
  ): SuspendedEntries<M, R> | undefined {
    const begun = this.#inFlight.get(delivery)
    if (begun === undefined) throw new Error('expected a delivery that is in flight')
    this.#inFlight.delete(delivery)
    const died = this.#table.finish(begun.destination, result, nowMs)
    this.#release(begun.entry)
    if (died === undefined) return undefined
    this.#size -= died.entries.length
    const entries = died.entries.map((entry) => {
      this.#release(entry)
      return { activation: entry.job.activation, recipients: entry.recipients }
    })
    return { status: died.status, reason: died.reason, entries }
  }

  /** Gives one destination, and its transport, another chance (S-26). */
  revive(transport: string, destination: string): void {
    this.#table.revive(transport, destination)
  }

  /** Gives all dead transports and destinations another chance: trigger `F` (S-81). */
  reviveAll(): void {
    this.#table.reviveAll()
  }

  /** When `next` may have something again: a delay is over, or something dead comes back. */
  nextWakeMs(): number | undefined {
    return this.#table.nextWakeMs
  }

  #nextDelivery(nowMs: number): Delivery<M, R> | undefined {
    const transport = this.#table.head(nowMs)
    const begun = transport && this.#table.begin(transport, nowMs)
    if (begun === undefined) return undefined
    this.#size -= 1
    const { destination, entry, reuse } = begun
    const delivery: Delivery<M, R> = {
      kind: 'deliver',
      activation: entry.job.activation,
      transport: destination.transport.name,
      destination: destination.name,
      recipients: entry.recipients,
      reuse,
    }
    this.#inFlight.set(delivery, begun)
    return delivery
  }

  #nextRead(): Read<M, R> | undefined {
    const activation = this.#reads.shift()
    if (activation === undefined) return undefined
    const { messageRecipientLimit, messageRecipientMinimum } = this.#options
    const room = activation.isNew
      ? Math.max(messageRecipientLimit - this.#recipients, messageRecipientMinimum)
      : activation.allowance - activation.load
    activation.isNew = false
    return { kind: 'read', activation, limit: Math.min(MAX_BATCH, room) }
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
  #release({ job, recipients }: Entry<M, R>): void {
    const { activation } = job
    activation.load -= recipients.length
    job.recipients -= recipients.length
    this.#recipients -= recipients.length
    for (const one of activation.jobs) one.order.settle(one)
    this.#askIfEmpty(activation)
  }
}
