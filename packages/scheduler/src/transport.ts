import type { WindowOptions } from './concurrency-window.ts'
import type { Destination, Suspension } from './destination.ts'
import type { Order, Selected } from './order.ts'
import type { RetryEntry } from './retry-list.ts'
import type { TurnTaker } from './turn-heap.ts'

/** What one transport may do. Complete values: the program that reads main.cf fills them in. */
export interface TransportLimits extends WindowOptions {
  /** Deliveries at the same time over all destinations (`maxproc` of master.cf); 0 = no limit. */
  readonly processLimit: number
  /** `default_destination_recipient_limit`: recipients of one delivery at most; 0 = no limit. */
  readonly destinationRecipientLimit: number
  /**
   * Rest of a destination after each delivery, in ms, and then one delivery at a time:
   * `default_destination_rate_delay`. None by default.
   */
  readonly destinationRateDelayMs?: number
  /**
   * Wait before each delivery, in ms, and then one at a time over the whole transport:
   * `default_transport_rate_delay`. None by default.
   */
  readonly transportRateDelayMs?: number
}

/** What a scheduler knows of one transport. */
export class Transport<Entry extends Selected<D>, D extends Destination<Entry, D>>
  implements TurnTaker, RetryEntry
{
  readonly name: string
  readonly limits: TransportLimits
  readonly order: Order<Entry, D>
  /** By name, those included that have no mail any more. */
  readonly destinations: Map<string, D> = new Map()
  readonly windowOptions: WindowOptions
  readonly destinationDelayMs: number
  readonly delayMs: number
  /** How many destinations have mail, or are dead or delayed. */
  known = 0
  busy = 0
  dead: Suspension | undefined
  /** Where it is in its rate delay (S-78); always `free` without one. */
  lock: 'free' | 'waiting' | 'open' | 'busy' = 'free'
  turn: number
  place = -1
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined

  constructor(name: string, limits: TransportLimits, order: Order<Entry, D>, turn: number) {
    this.name = name
    this.limits = limits
    this.order = order
    this.turn = turn
    this.destinationDelayMs = limits.destinationRateDelayMs ?? 0
    this.delayMs = limits.transportRateDelayMs ?? 0
    // S-68: a rate delay makes no sense with deliveries side by side.
    this.windowOptions = this.destinationDelayMs > 0 ? { ...limits, limit: 1 } : limits
  }

  get ready(): boolean {
    const { processLimit } = this.limits
    if (this.lock === 'waiting' || this.lock === 'busy') return false
    return this.order.ready && (processLimit === 0 || this.busy < processLimit)
  }
}
