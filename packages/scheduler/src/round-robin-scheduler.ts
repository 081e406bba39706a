import { Destination, type Suspension } from './destination.ts'
import { RetryList } from './retry-list.ts'
import { Transport, type TransportLimits } from './transport.ts'
import { TurnHeap, type TurnTaker } from './turn-heap.ts'

/** What holds for all transports. */
export interface SchedulerOptions {
  /** How long a dead destination is left alone, in ms: `minimal_backoff_time` (S-79). */
  readonly destinationRetryMs: number
  /** How long a dead transport is left alone, in ms: `transport_retry_time` (S-80). */
  readonly transportRetryMs: number
  /**
   * Above this many destinations in memory, dead ones without a delivery are forgotten at once:
   * twice `qmgr_message_recipient_limit` (S-82).
   */
  readonly maxDestinations: number
}

/** A job to deliver now. Give it back to `finish`, once. */
export interface Selection<Job> {
  readonly transport: string
  readonly destination: string
  readonly job: Job
  /** Whether the delivery may take its session from the cache, and leave it there (S-89). */
  readonly reuse: { readonly load: boolean; readonly store: boolean }
}

/**
 * What a delivery says of its destination (S-69):
 * - `answered`: reached, whatever became of the recipients; the window may grow.
 * - `neutral`: every recipient is final, but the destination had its faults; nothing changes.
 * - `blamed`: connection or handshake failed; the window shrinks, or the destination is dead.
 * - `lost`: the agent gave no answer. Counts as `blamed` with 4.3.0 `unknown mail transport error`.
 * - `unreachable`: there was no agent to give the job to. The whole transport is dead (S-80).
 */
export type DeliveryResult =
  | { readonly kind: 'answered' | 'neutral' | 'lost' }
  | { readonly kind: 'blamed' | 'unreachable'; readonly status: string; readonly reason: string }

/** A transport or destination just died. */
export interface Suspended<Job> extends Suspension {
  /** All that waited for it, oldest first, for the caller to defer. */
  readonly jobs: readonly Job[]
}

// S-69 prescribes it for an agent that died.
const LOST = { status: '4.3.0', reason: 'unknown mail transport error' }
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/

/**
 * Chooses which delivery goes next, as Postfix oqmgr(8) does: transports take turns, so do the
 * destinations of a transport, and within a destination it is first come, first served. Each
 * destination has a concurrency window; one that cannot be reached is dead for a while.
 *
 * Does no I/O and has no clock: say what time it is (milliseconds since 1970). All operations are
 * O(log n) in the destinations that may go; those that must wait cost nothing. Memory follows the
 * jobs added and, for dead destinations, `maxDestinations`; transports are never forgotten.
 *
 * Source: rules S-43, S-44, S-64, S-67 to S-75, S-79 to S-82, S-89 of spec/queue-manager.md. A
 * window below its use does not starve other destinations, as it does in Postfix (S-43).
 */
export class RoundRobinScheduler<Job> {
  readonly #options: SchedulerOptions
  readonly #limitsOf: (transport: string) => TransportLimits
  readonly #transports = new Map<string, Transport<Job>>()
  readonly #waiting = new TurnHeap<Transport<Job>>()
  readonly #deadDestinations: RetryList<Destination<Job>>
  readonly #deadTransports: RetryList<Transport<Job>>
  readonly #inFlight = new Map<Selection<Job>, Destination<Job>>()
  #destinationCount = 0
  #size = 0
  #lastTurn = 0
  #firstTurn = 0

  /** @param limitsOf Asked once per transport, when it is first used. */
  constructor(options: SchedulerOptions, limitsOf: (transport: string) => TransportLimits) {
    this.#options = options
    this.#limitsOf = limitsOf
    this.#deadDestinations = new RetryList(options.destinationRetryMs)
    this.#deadTransports = new RetryList(options.transportRetryMs)
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
    return this.#destinationCount
  }

  /**
   * Queues a job.
   *
   * @returns why not, if the transport or the destination is dead: the job was not taken, and is
   * the caller's to defer with this status and reason.
   */
  add(transport: string, destination: string, job: Job, nowMs: number): Suspension | undefined {
    this.#reviveDue(nowMs)
    const route = this.#transport(transport)
    const dead = route.dead ?? route.destinations.get(destination)?.dead
    if (dead !== undefined) return dead
    const record = this.#destination(route, destination)
    record.todo.push(job)
    this.#size += 1
    if (record.place < 0) this.#update(record)
    return undefined
  }

  /** The next delivery, or undefined if none may start now. */
  next(nowMs: number): Selection<Job> | undefined {
    this.#reviveDue(nowMs)
    const transport = this.#waiting.head()
    const record = transport?.waiting.head()
    if (transport === undefined || record === undefined) return undefined
    const { job, reuse } = record.select(nowMs)
    transport.busy += 1
    this.#size -= 1
    this.#lastTurn += 1
    transport.waiting.moveToTail(record, this.#lastTurn)
    this.#waiting.moveToTail(transport, this.#lastTurn)
    this.#update(record)
    const selection = { transport: transport.name, destination: record.name, job, reuse }
    this.#inFlight.set(selection, record)
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
    const { transport } = record
    const died = this.#report(record, result, nowMs)
    record.release(nowMs)
    transport.busy -= 1
    this.#update(record)
    this.#forgetIfIdle(record)
    return died
  }

  /** Gives one destination, and its transport, another chance (S-26). */
  revive(transport: string, destination: string): void {
    const route = this.#transports.get(transport)
    if (route === undefined) return
    if (route.dead !== undefined) this.#reviveTransport(route)
    const record = route.destinations.get(destination)
    if (record?.dead !== undefined) this.#reviveDestination(record)
  }

  /** Gives all dead transports and destinations another chance: trigger `F` (S-81). */
  reviveAll(): void {
    this.#reviveDue(Number.POSITIVE_INFINITY)
  }

  /** When the next dead transport or destination comes back to life, in milliseconds since 1970. */
  nextWakeMs(): number | undefined {
    const destination = this.#deadDestinations.nextMs
    const transport = this.#deadTransports.nextMs
    if (destination === undefined || transport === undefined) return destination ?? transport
    return Math.min(destination, transport)
  }

  #report(
    record: Destination<Job>,
    result: DeliveryResult,
    nowMs: number,
  ): Suspended<Job> | undefined {
    const { transport } = record
    if (result.kind === 'unreachable') return this.#killTransport(transport, result, nowMs)
    // Any answer proves that the transport works, late ones included; silence does not (S-81).
    if (transport.dead !== undefined && result.kind !== 'lost') this.#reviveTransport(transport)
    if (result.kind === 'neutral') return undefined
    if (result.kind === 'answered') {
      if (record.dead === undefined) record.window.succeed(record.busy)
      else this.#reviveDestination(record)
      return undefined
    }
    if (record.dead !== undefined) return undefined
    record.window.fail()
    if (record.window.size > 0) return undefined
    const { status, reason } = result.kind === 'blamed' ? result : LOST
    return this.#killDestination(record, normalized(status, reason), nowMs)
  }

  #killDestination(
    record: Destination<Job>,
    { status, reason }: Suspension,
    nowMs: number,
  ): Suspended<Job> {
    const jobs = record.die({ status, reason: `delivery temporarily suspended: ${reason}` })
    this.#size -= jobs.length
    this.#deadDestinations.add(record, nowMs)
    return { ...record.dead!, jobs } // `die` has just set it.
  }

  #killTransport(
    transport: Transport<Job>,
    { status, reason }: Suspension,
    nowMs: number,
  ): Suspended<Job> {
    const jobs: Job[] = []
    for (const record of transport.destinations.values()) {
      if (record.todo.length === 0) continue
      for (const job of record.todo.clear()) jobs.push(job)
      this.#update(record)
      this.#forgetIfIdle(record)
    }
    this.#size -= jobs.length
    if (transport.dead === undefined) this.#deadTransports.add(transport, nowMs)
    transport.dead = { status, reason }
    return { status, reason, jobs }
  }

  #reviveDue(nowMs: number): void {
    for (let record = this.#deadDestinations.due(nowMs); record !== undefined; ) {
      this.#reviveDestination(record)
      record = this.#deadDestinations.due(nowMs)
    }
    for (let transport = this.#deadTransports.due(nowMs); transport !== undefined; ) {
      this.#reviveTransport(transport)
      transport = this.#deadTransports.due(nowMs)
    }
  }

  #reviveDestination(record: Destination<Job>): void {
    this.#deadDestinations.remove(record)
    record.dead = undefined
    record.window.revive(record.busy)
    this.#forgetIfIdle(record)
  }

  #reviveTransport(transport: Transport<Job>): void {
    this.#deadTransports.remove(transport)
    transport.dead = undefined
  }

  #transport(name: string): Transport<Job> {
    let transport = this.#transports.get(name)
    if (transport === undefined) {
      // A new transport starts at the head (S-44), so its turn is before all others.
      this.#firstTurn -= 1
      transport = new Transport(name, this.#limitsOf(name), this.#firstTurn)
      this.#transports.set(name, transport)
    }
    return transport
  }

  #destination(transport: Transport<Job>, name: string): Destination<Job> {
    let record = transport.destinations.get(name)
    if (record === undefined) {
      this.#lastTurn += 1
      record = new Destination(name, transport, this.#lastTurn)
      transport.destinations.set(name, record)
      this.#destinationCount += 1
    }
    return record
  }

  /** Puts a destination and its transport among those that may go, or takes them out. */
  #update(record: Destination<Job>): void {
    const { transport } = record
    place(transport.waiting, record)
    place(this.#waiting, transport)
  }

  #forgetIfIdle(record: Destination<Job>): void {
    if (record.busy > 0 || record.todo.length > 0) return
    const { name, transport } = record
    if (record.dead !== undefined) {
      if (this.#destinationCount <= this.#options.maxDestinations) return
      this.#deadDestinations.remove(record)
      record.dead = undefined
    }
    if (transport.destinations.get(name) !== record) return
    transport.destinations.delete(name)
    transport.reuseMemory.keep(name, record.reuse)
    this.#destinationCount -= 1
  }
}

function place<T extends TurnTaker & { readonly ready: boolean }>(
  heap: TurnHeap<T>,
  item: T,
): void {
  if (item.ready === item.place >= 0) return
  if (item.ready) heap.add(item)
  else heap.remove(item)
}

function normalized(status: string, reason: string): Suspension {
  return {
    status: STATUS.test(status) ? status : '4.0.0',
    reason: reason === '' ? 'unknown error' : reason,
  }
}
