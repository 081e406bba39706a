import type { WindowOptions } from './concurrency-window.ts'
import type { Destination, Suspension } from './destination.ts'
import type { RetryEntry } from './retry-list.ts'
import { ReuseMemory } from './reuse-memory.ts'
import { TurnHeap, type TurnTaker } from './turn-heap.ts'

/** What one transport may do. Complete values: the program that reads main.cf fills them in. */
export interface TransportLimits extends WindowOptions {
  /** Deliveries at the same time over all destinations (`maxproc` of master.cf); 0 = no limit. */
  readonly processLimit: number
}

/** What the scheduler knows of one transport. */
export class Transport<Job> implements TurnTaker, RetryEntry {
  readonly name: string
  readonly limits: TransportLimits
  readonly destinations: Map<string, Destination<Job>> = new Map()
  readonly reuseMemory: ReuseMemory = new ReuseMemory()
  /** The destinations with a job that may go now. */
  readonly waiting: TurnHeap<Destination<Job>> = new TurnHeap()
  busy = 0
  dead: Suspension | undefined
  turn: number
  place = -1
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined

  constructor(name: string, limits: TransportLimits, turn: number) {
    this.name = name
    this.limits = limits
    this.turn = turn
  }

  get ready(): boolean {
    const { processLimit } = this.limits
    return this.waiting.size > 0 && (processLimit === 0 || this.busy < processLimit)
  }
}
