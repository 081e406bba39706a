import { Activation } from './activation.ts'
import { BatchDestination, type BatchEntry } from './batch-destination.ts'
import type { Decision, Delivery, Read, SuspendedEntries } from './decision.ts'
import type { DeliveryResult } from './delivery-result.ts'
import type { Suspension } from './destination.ts'
import { Entry } from './entry.ts'
import { Fifo } from './fifo.ts'
import { RoundRobinOrder } from './round-robin-order.ts'
import type { OpenOptions, Scheduler } from './scheduler.ts'
import type { TransportLimits } from './transport.ts'
import { type SchedulerOptions, TransportTable } from './transport-table.ts'

// S-65: more is read of a message only when there is so much room below its share.
const READ_MARGIN = 100

/** What holds for all transports. */
export interface RoundRobinOptions extends SchedulerOptions {
  /** `qmgr_message_recipient_limit`: recipients in memory, above which no message is taken in. */
  readonly messageRecipientLimit: number
  /** `qmgr_fudge_factor`: percent of these that are read of one message at a time; 10 to 100. */
  readonly fudgeFactor: number
}

/**
 * Chooses which delivery goes next, as Postfix oqmgr(8) does: transports take turns, so do the
 * destinations of a transport, and within a destination it is first come, first served. Each
 * destination has a concurrency window; one that cannot be reached is dead for a while.
 *
 * All operations are O(log n) in the destinations that may go; those that must wait cost nothing.
 * For dead destinations memory is bounded by `maxDestinations`; transports are never forgotten.
 *
 * Source: rules S-43, S-44, S-64 to S-75, S-77 to S-82, S-89 of spec/queue-manager.md. A window
 * below its use does not starve other destinations, as it does in Postfix (S-43).
 */
export class RoundRobinScheduler<M, R> implements Scheduler<M, R> {
  readonly #messageRecipientLimit: number
  readonly #batchSize: number
  readonly #table: TransportTable<BatchEntry<M, R>, BatchDestination<M, R>>
  /** Messages of which more is to be read. */
  readonly #reads = new Fifo<Activation<M, R>>()
  #size = 0
  #busy = 0
  #recipients = 0

  /** @param limitsOf Asked once per transport, when it is first used. */
  constructor(options: RoundRobinOptions, limitsOf: (transport: string) => TransportLimits) {
    const { messageRecipientLimit, fudgeFactor } = options
    this.#messageRecipientLimit = messageRecipientLimit
    this.#batchSize = Math.max(1, Math.floor((messageRecipientLimit * fudgeFactor) / 100))
    this.#table = new TransportTable(options, limitsOf, () => new RoundRobinOrder())
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

  /** S-65. */
  firstBatch(): number {
    return this.#batchSize
  }

  isFull(others: number): boolean {
    return this.#recipients + others >= this.#messageRecipientLimit
  }

  open(message: M, unread: number, nowMs: number, options?: OpenOptions): Activation<M, R> {
    const activation = new Activation<M, R>(message, unread, 0, nowMs)
    if (options?.isSplit === true) activation.isSplit = true
    if (options?.isFirstAtHand === true) activation.reading = true
    else if (unread > 0) this.#askFor(activation)
    return activation
  }

  /** It may join the delivery of the recipient that was added before it only (S-66). */
  add(
    activation: Activation<M, R>,
    to: { readonly transport: string; readonly destination: string },
    recipient: R,
    nowMs: number,
  ): Suspension | undefined {
    const destination = this.#table.enter(to.transport, to.destination, nowMs)
    if (!(destination instanceof BatchDestination)) return destination
    activation.load += 1
    this.#recipients += 1
    const { last } = activation
    if (last?.hasRoomFor(destination)) {
      last.push(recipient)
      return undefined
    }
    destination.order.add(activation, destination, recipient)
    this.#size += 1
    this.#table.noteQueued(destination)
    if (destination.place < 0) this.#table.update(destination)
    return undefined
  }

  loaded(activation: Activation<M, R>, unread: number): void {
    activation.unread = unread
    activation.reading = false
    activation.last = undefined
    if (activation.load === 0 && unread > 0) this.#askFor(activation)
  }

  next(nowMs: number): Decision<M, R> | undefined {
    this.#table.wake(nowMs)
    return this.#nextRead() ?? this.#nextDelivery(nowMs)
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
    const { status, reason, entries } = died
    this.#size -= entries.length
    for (const entry of entries) this.#release(entry)
    return { status, reason, entries }
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

  #nextRead(): Read<M, R> | undefined {
    const activation = this.#reads.shift()
    return activation && { kind: 'read', activation, limit: this.#batchSize }
  }

  #nextDelivery(nowMs: number): Delivery<M, R> | undefined {
    const transport = this.#table.head(nowMs)
    const entry = transport && this.#table.begin(transport, nowMs)
    if (entry === undefined) return undefined
    this.#size -= 1
    this.#busy += 1
    return entry
  }

  #askFor(activation: Activation<M, R>): void {
    activation.reading = true
    this.#reads.push(activation)
  }

  /** Recipients leave memory (S-65). */
  #release({ activation, recipients: { length } }: BatchEntry<M, R>): void {
    activation.load -= length
    this.#recipients -= length
    const { load, reading, unread } = activation
    if (unread === 0 || reading) return
    if (load === 0 || this.#recipients < this.#batchSize - READ_MARGIN) this.#askFor(activation)
  }
}
