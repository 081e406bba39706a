import { ConcurrencyWindow } from './concurrency-window.ts'
import { Fifo } from './fifo.ts'
import type { RetryEntry } from './retry-list.ts'
import type { SessionReuse } from './session-reuse.ts'
import type { Transport } from './transport.ts'
import type { TurnTaker } from './turn-heap.ts'

/** Why a transport or a destination is left alone for a while. */
export interface Suspension {
  /** Enhanced status code, such as `4.4.1`. */
  readonly status: string
  /** The text for the log and the sender. */
  readonly reason: string
}

/** What the scheduler knows of one destination of one transport (S-67). */
export class Destination<Job> implements TurnTaker, RetryEntry {
  readonly name: string
  readonly transport: Transport<Job>
  readonly window: ConcurrencyWindow
  readonly todo: Fifo<Job> = new Fifo()
  busy = 0
  dead: Suspension | undefined
  turn: number
  place = -1
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined
  readonly reuse: SessionReuse

  constructor(name: string, transport: Transport<Job>, turn: number) {
    this.name = name
    this.transport = transport
    this.window = new ConcurrencyWindow(transport.limits)
    this.turn = turn
    this.reuse = transport.reuseMemory.take(name)
  }

  get ready(): boolean {
    return this.todo.length > 0 && this.busy < this.window.size
  }

  /** Takes the oldest job, and says whether its session may come from the cache or go there. */
  select(nowMs: number): { job: Job; reuse: { load: boolean; store: boolean } } {
    const job = this.todo.shift()
    this.busy += 1
    return { job, reuse: this.reuse.begin(nowMs, this.busy === 1) }
  }

  /** Ends a delivery, after its result was reported to the window. */
  release(nowMs: number): void {
    this.busy -= 1
    this.reuse.end(nowMs)
  }

  /** Marks it dead and hands over all that waited (S-79). */
  die(suspension: Suspension): Job[] {
    this.dead = suspension
    this.reuse.clear()
    return this.todo.clear()
  }
}
