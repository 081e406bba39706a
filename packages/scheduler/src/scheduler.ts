import type { Activation } from './activation.ts'
import type { Decision, Delivery, SuspendedEntries } from './decision.ts'
import type { DeliveryResult } from './delivery-result.ts'
import type { Suspension } from './destination.ts'

/** How a message is taken in. */
export interface OpenOptions {
  /**
   * Its first recipients are at hand, no more than `firstBatch` said: add them, then tell `loaded`.
   * Decisions to read ask for the others only.
   */
  readonly isFirstAtHand?: boolean
  /** Each recipient is a delivery of its own, as with VERP (S-29). */
  readonly isSplit?: boolean
}

/**
 * What both schedulers do: `PreemptiveScheduler` and `RoundRobinScheduler`. They do no I/O and have
 * no clock: say what time it is, in milliseconds since 1970; it must not go back. Memory follows
 * the recipients added, which the decisions to read bound.
 */
export interface Scheduler<M, R> {
  /** Entries waiting: batches of recipients, each worth one delivery. */
  readonly size: number
  /** Deliveries in flight. */
  readonly busy: number
  /** Recipients in memory, those in flight included. */
  readonly recipients: number
  /** Destinations in memory, dead ones included. */
  readonly destinations: number

  /**
   * How many recipients of a message that is taken in now may be in memory at first.
   *
   * @param others Recipients in memory that were not added yet.
   */
  firstBatch(others: number): number

  /** Whether too many recipients are in memory for one more message; `others` as above (S-12). */
  isFull(others: number): boolean

  /**
   * Takes a message in. Add its recipients at once when there are few; or say how many are `unread`
   * at most, and decisions to read will ask for them.
   */
  open(message: M, unread: number, nowMs: number, options?: OpenOptions): Activation<M, R>

  /**
   * Queues a recipient of a message. It may join a delivery of the same message to the same
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
  ): Suspension | undefined

  /** A batch was read and added; `unread` recipients are left at most. */
  loaded(activation: Activation<M, R>, unread: number, nowMs: number): void

  /** What to do next, or undefined if there is nothing to do now. */
  next(nowMs: number): Decision<M, R> | undefined

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
  ): SuspendedEntries<M, R> | undefined

  /** Gives one destination, and its transport, another chance (S-26). */
  revive(transport: string, destination: string): void
  /** Gives all dead transports and destinations another chance: trigger `F` (S-81). */
  reviveAll(): void
  /** When `next` may have something again: a delay is over, or something dead comes back. */
  nextWakeMs(): number | undefined
}
