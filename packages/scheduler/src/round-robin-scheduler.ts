import type { DeliveryResult } from './delivery-result.ts'
import type { Destination, Suspension } from './destination.ts'
import type { Fifo } from './fifo.ts'
import { RoundRobinOrder } from './round-robin-order.ts'
import type { TransportLimits } from './transport.ts'
import { type SchedulerOptions, TransportTable } from './transport-table.ts'

/** A job to deliver now. Give it back to `finish`, once. */
export interface Selection<Job> {
  readonly transport: string
  readonly destination: string
  readonly job: Job
  /** Whether the delivery may take its session from the cache, and leave it there (S-89). */
  readonly reuse: { readonly load: boolean; readonly store: boolean }
}

/** A transport or destination just died. */
export interface Suspended<Job> extends Suspension {
  /** All that waited for it, oldest first, for the caller to defer. */
  readonly jobs: readonly Job[]
}

/**
 * Chooses which delivery goes next, as Postfix oqmgr(8) does: transports take turns, so do the
 * destinations of a transport, and within a destination it is first come, first served. Each
 * destination has a concurrency window; one that cannot be reached is dead for a while.
 *
 * Does no I/O and has no clock: say what time it is (milliseconds since 1970). All operations are
 * O(log n) in the destinations that may go; those that must wait cost nothing. Memory follows the
 * jobs added and, for dead destinations, `maxDestinations`; transports are never forgotten.
 *
 * Source: rules S-43, S-44, S-64, S-67 to S-75, S-77 to S-82, S-89 of spec/queue-manager.md. A
 * window below its use does not starve other destinations, as it does in Postfix (S-43).
 */
export class RoundRobinScheduler<Job> {
  readonly #table: TransportTable<Job, Fifo<Job>>
  readonly #inFlight = new Map<Selection<Job>, Destination<Job, Fifo<Job>>>()
  #size = 0

  /** @param limitsOf Asked once per transport, when it is first used. */
  constructor(options: SchedulerOptions, limitsOf: (transport: string) => TransportLimits) {
    this.#table = new TransportTable(options, limitsOf, () => new RoundRobinOrder())
  }

  /** Jobs waiting. */
  get size(): number {
    return this.#size
  }

  /** Deliveries in flight. */
  get busy(): number {
    return this.#inFlight.size
  }

  /** Destinations in memory, dead ones included. */
  get destinations(): number {
    return this.#table.destinations
  }

  /**
   * Queues a job.
   *
   * @returns why not, if the transport or the destination is dead: the job was not taken, and is
   * the caller's to defer with this status and reason.
   */
  add(transport: string, destination: string, job: Job, nowMs: number): Suspension | undefined {
    const record = this.#table.enter(transport, destination, nowMs)
    if (!('todo' in record)) return record
    record.todo.push(job)
    this.#size += 1
    if (record.place < 0) this.#table.update(record)
    return undefined
  }

  /** The next delivery, or undefined if none may start now. */
  next(nowMs: number): Selection<Job> | undefined {
    this.#table.wake(nowMs)
    const transport = this.#table.head(nowMs)
    const begun = transport && this.#table.begin(transport, nowMs)
    if (begun === undefined) return undefined
    const { destination, entry: job, reuse } = begun
    this.#size -= 1
    const { name, transport: route } = destination
    const selection = { transport: route.name, destination: name, job, reuse }
    this.#inFlight.set(selection, destination)
    return selection
  }

  /**
   * Ends a delivery.
   *
   * @returns what just died because of it, with the jobs that waited. The job of the selection
   * itself is not among them: what becomes of it is in the caller's hands.
   * @throws {Error} The selection is not in flight: a bug of the caller.
   */
  finish(
    selection: Selection<Job>,
    result: DeliveryResult,
    nowMs: number,
  ): Suspended<Job> | undefined {
    const record = this.#inFlight.get(selection)
    if (record === undefined) throw new Error('expected a selection that is in flight')
    this.#inFlight.delete(selection)
    const died = this.#table.finish(record, result, nowMs)
    if (died === undefined) return undefined
    const { status, reason, entries: jobs } = died
    this.#size -= jobs.length
    return { status, reason, jobs }
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
}
