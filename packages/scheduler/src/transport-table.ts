import { type DeliveryResult, suspensionOf } from './delivery-result.ts'
import type { Destination, Suspension } from './destination.ts'
import type { Crowd, WindowChange } from './observation.ts'
import type { Order, Selected } from './order.ts'
import { RetryList } from './retry-list.ts'
import { RECENT_MS } from './session-reuse.ts'
import { Timers } from './timers.ts'
import { Transport, type TransportLimits } from './transport.ts'
import { place, TurnHeap } from './turn-heap.ts'

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
  /** Told of every result that counts for a window, and of every revival. */
  readonly observe?: ((change: WindowChange) => void) | undefined
  /** Told of each new entry for a destination that has more than `entries` of them. */
  readonly crowd?:
    | { readonly entries: number; readonly observe: (crowd: Crowd) => void }
    | undefined
}

/** A transport or destination just died, with all that waited for it. */
export interface Dropped<Entry> extends Suspension {
  readonly entries: Entry[]
}

/**
 * What both schedulers have in common: whose turn it is among the transports, how much room each
 * destination has, who is dead and who is delayed, and until when. In what order the entries of one
 * transport go is left to its `Order`.
 *
 * Source: S-43, S-44, S-67 to S-72, S-77 to S-82, S-89. Not as in Postfix, and on purpose: a window
 * below its use starves nobody (S-43), and no agent's death leaves a rate lock set (S-78).
 */
export class TransportTable<Entry extends Selected<D>, D extends Destination<Entry, D>> {
  readonly #options: SchedulerOptions
  readonly #limitsOf: (transport: string) => TransportLimits
  readonly #createOrder: (transport: string) => Order<Entry, D>
  readonly #transports = new Map<string, Transport<Entry, D>>()
  readonly #waiting = new TurnHeap<Transport<Entry, D>>()
  #lastAsked: Transport<Entry, D> | undefined
  readonly #deadDestinations: RetryList<D>
  readonly #deadTransports: RetryList<Transport<Entry, D>>
  readonly #delays = new Timers()
  /**
   * Destinations without mail, for a second. A fast one has none again and again, for a moment: it
   * would be asked for a new session each time; and one that refuses at once would never have
   * failed often enough to be dead, but be tried for each message.
   */
  readonly #idle = new RetryList<D>(RECENT_MS + 1)
  #startMs: number | undefined
  #destinationCount = 0
  #lastTurn = 0
  #firstTurn = 0

  constructor(
    options: SchedulerOptions,
    limitsOf: (transport: string) => TransportLimits,
    createOrder: (transport: string) => Order<Entry, D>,
  ) {
    this.#options = options
    this.#limitsOf = limitsOf
    this.#createOrder = createOrder
    this.#deadDestinations = new RetryList(options.destinationRetryMs)
    this.#deadTransports = new RetryList(options.transportRetryMs)
  }

  get destinations(): number {
    return this.#destinationCount
  }

  get nextWakeMs(): number | undefined {
    const destinationMs = this.#deadDestinations.nextMs ?? Number.POSITIVE_INFINITY
    const transportMs = this.#deadTransports.nextMs ?? Number.POSITIVE_INFINITY
    const delayMs = this.#delays.nextMs ?? Number.POSITIVE_INFINITY
    const nextMs = Math.min(destinationMs, transportMs, delayMs)
    return nextMs === Number.POSITIVE_INFINITY ? undefined : nextMs
  }

  /** The destination, or why nothing may be queued for it. Queue an entry, then call `update`. */
  enter(transport: string, destination: string, nowMs: number): D | Suspension {
    this.wake(nowMs)
    const route = this.#transport(transport)
    const record = route.destinations.get(destination)
    const dead = route.dead ?? record?.dead
    if (dead !== undefined) return dead
    if (record === undefined) return this.#createDestination(route, destination)
    if (record.isIdle) this.#welcomeBack(record, nowMs)
    return record
  }

  /** An entry was queued, and makes a crowd, perhaps. */
  noteQueued(record: D): void {
    const { crowd } = this.#options
    if (crowd === undefined) return
    const { name: destination, transport, busy, size: window } = record
    const entries = record.waiting + busy
    if (entries <= crowd.entries) return
    const { limit } = transport.windowOptions
    const isAlone = transport.known === 1
    crowd.observe({ transport: transport.name, destination, entries, busy, window, limit, isAlone })
  }

  /** Puts a transport among those that may go, or takes it out. */
  update(record: D): void {
    const { transport } = record
    transport.order.update(record)
    place(this.#waiting, transport)
  }

  /** The transport whose turn it is. */
  head(nowMs: number): Transport<Entry, D> | undefined {
    for (;;) {
      const transport = this.#waiting.head()
      if (transport === undefined || transport.delayMs === 0 || transport.lock === 'open') {
        return transport
      }
      transport.lock = 'waiting'
      place(this.#waiting, transport)
      this.#delays.at(nowMs + transport.delayMs, () => this.#unlock(transport))
    }
  }

  /** A delivery begins: the next entry of the transport that is the head. */
  begin(transport: Transport<Entry, D>, nowMs: number): Entry | undefined {
    const entry = transport.order.take(nowMs)
    if (entry === undefined) return undefined
    entry.begin(entry.to.begin(this.#moment(nowMs)))
    transport.busy += 1
    if (transport.lock === 'open') transport.lock = 'busy'
    this.#lastTurn += 1
    this.#waiting.moveToTail(transport, this.#lastTurn)
    this.update(entry.to)
    return entry
  }

  /** A delivery ends. */
  finish(record: D, result: DeliveryResult, nowMs: number): Dropped<Entry> | undefined {
    const { transport } = record
    const died = this.#report(record, result, nowMs)
    record.release(this.#moment(nowMs))
    transport.busy -= 1
    if (transport.lock === 'busy') transport.lock = 'free'
    if (transport.destinationDelayMs > 0 && result.kind !== 'unreachable') {
      this.#delay(record, nowMs + transport.destinationDelayMs)
    }
    this.update(record)
    this.#forgetIfIdle(record)
    return died
  }

  revive(transport: string, destination: string): void {
    const route = this.#transports.get(transport)
    if (route === undefined) return
    if (route.dead !== undefined) this.#reviveTransport(route)
    const record = route.destinations.get(destination)
    if (record?.dead !== undefined) this.#reviveDestination(record)
  }

  reviveAll(): void {
    this.#reviveDue(Number.POSITIVE_INFINITY)
  }

  /** Does what is due. */
  wake(nowMs: number): void {
    this.#reviveDue(nowMs)
    this.#delays.ringDue(nowMs)
  }

  #report(record: D, result: DeliveryResult, nowMs: number): Dropped<Entry> | undefined {
    const { transport } = record
    if (result.kind === 'unreachable') return this.#killTransport(transport, result, nowMs)
    // Any answer proves that the transport works, late ones included; silence does not (S-81).
    if (transport.dead !== undefined && result.kind !== 'lost') this.#reviveTransport(transport)
    if (result.kind === 'neutral') return undefined
    if (result.kind === 'answered') {
      if (record.dead !== undefined) this.#reviveDestination(record)
      else this.#tell('unthrottle', record, record.succeed(record.busy))
      return undefined
    }
    if (record.dead !== undefined) return undefined
    this.#tell('throttle', record, record.fail())
    if (record.size > 0) return undefined
    return this.#killDestination(record, suspensionOf(result), nowMs)
  }

  /** Marks it dead and hands over all that waited (S-79). */
  #killDestination(record: D, suspension: Suspension, nowMs: number): Dropped<Entry> {
    record.die(suspension)
    this.#deadDestinations.add(record, nowMs)
    return { ...suspension, entries: record.transport.order.drop(record) }
  }

  #killTransport(
    transport: Transport<Entry, D>,
    { status, reason }: Suspension,
    nowMs: number,
  ): Dropped<Entry> {
    const entries: Entry[] = []
    for (const record of transport.destinations.values()) {
      if (record.waiting === 0) continue
      for (const entry of transport.order.drop(record)) entries.push(entry)
      this.update(record)
      this.#forgetIfIdle(record)
    }
    if (transport.dead === undefined) this.#deadTransports.add(transport, nowMs)
    transport.dead = { status, reason }
    return { status, reason, entries }
  }

  /** S-77: a completed delivery revives its destination, which then rests. */
  #delay(record: D, untilMs: number): void {
    record.delayed = true
    if (record.dead !== undefined) this.#reviveDestination(record)
    this.#delays.at(untilMs, () => {
      record.delayed = false
      this.update(record)
      this.#forgetIfIdle(record)
    })
  }

  #unlock(transport: Transport<Entry, D>): void {
    // Whatever waited may be gone by now: then the next to come waits again.
    transport.lock = transport.order.ready ? 'open' : 'free'
    place(this.#waiting, transport)
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

  #reviveDestination(record: D): void {
    this.#deadDestinations.remove(record)
    record.dead = undefined
    record.revive(record.busy)
    this.#tell('unthrottle', record, undefined)
    this.#forgetIfIdle(record)
  }

  #tell(kind: WindowChange['kind'], record: D, feedback: number | undefined): void {
    const { observe } = this.#options
    if (observe === undefined) return
    const { name: destination, transport, size: window, success, failure, failedCohorts } = record
    const { limit } = transport.windowOptions
    const change = { kind, transport: transport.name, destination, feedback, limit, window }
    observe({ ...change, success, failure, failedCohorts })
  }

  #reviveTransport(transport: Transport<Entry, D>): void {
    this.#deadTransports.remove(transport)
    transport.dead = undefined
  }

  #transport(name: string): Transport<Entry, D> {
    // Nearly always it is the same again, and to compare names is faster than to look them up.
    if (this.#lastAsked?.name !== name) {
      this.#lastAsked = this.#transports.get(name) ?? this.#createTransport(name)
    }
    return this.#lastAsked
  }

  #createTransport(name: string): Transport<Entry, D> {
    // A new transport starts at the head (S-44), so its turn is before all others.
    this.#firstTurn -= 1
    const limits = this.#limitsOf(name)
    const transport = new Transport(name, limits, this.#createOrder(name), this.#firstTurn)
    this.#transports.set(name, transport)
    return transport
  }

  #createDestination(transport: Transport<Entry, D>, name: string): D {
    const record = transport.order.createDestination(name, transport)
    transport.destinations.set(name, record)
    transport.known += 1
    this.#destinationCount += 1
    return record
  }

  #welcomeBack(record: D, nowMs: number): void {
    this.#idle.remove(record)
    record.comeBack(this.#moment(nowMs))
    record.transport.known += 1
    this.#destinationCount += 1
  }

  #forgetIfIdle(record: D): void {
    if (record.busy > 0 || record.waiting > 0 || record.delayed) return
    if (record.dead !== undefined) {
      if (this.#destinationCount <= this.#options.maxDestinations) return
      this.#deadDestinations.remove(record)
      record.dead = undefined
      record.revive(0)
    }
    record.transport.known -= 1
    this.#destinationCount -= 1
    if (record.lastDone === undefined) this.#forget(record)
    else this.#keepIdle(record, record.lastDone)
  }

  /** Keeps it in mind for a second, and forgets those whose second is over. */
  #keepIdle(record: D, lastDone: number): void {
    this.#idle.add(record, lastDone)
    for (let old = this.#idle.due(lastDone); old !== undefined; old = this.#idle.due(lastDone)) {
      this.#idle.remove(old)
      this.#forget(old)
    }
  }

  #forget({ name, transport }: D): void {
    transport.destinations.delete(name)
  }

  /** Milliseconds since the first event: small integers, of which none is an object. */
  #moment(nowMs: number): number {
    this.#startMs ??= nowMs
    return nowMs - this.#startMs
  }
}
