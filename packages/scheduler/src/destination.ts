import { ConcurrencyWindow } from './concurrency-window.ts'
import type { Todo } from './order.ts'
import type { RetryEntry } from './retry-list.ts'
import { type Reuse, SessionReuse } from './session-reuse.ts'
import type { Transport } from './transport.ts'
import type { QueuedTurnTaker } from './turn-queue.ts'

/** Why a transport or a destination is left alone for a while. */
export interface Suspension {
  /** Enhanced status code, such as `4.4.1`. */
  readonly status: string
  /** The text for the log and the sender. */
  readonly reason: string
}

/** What a scheduler knows of one destination of one transport (S-67). */
export class Destination<Entry, T extends Todo> implements QueuedTurnTaker, RetryEntry {
  readonly name: string
  readonly transport: Transport<Entry, T>
  readonly window: ConcurrencyWindow
  readonly todo: T
  busy = 0
  dead: Suspension | undefined
  /** Its rate delay is not over yet (S-77). */
  delayed = false
  turn = 0
  place = -1
  ahead: QueuedTurnTaker | undefined
  behind: QueuedTurnTaker | undefined
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined
  readonly reuse: SessionReuse

  /** What was known of it a moment ago counts: failures, and which sessions are open. */
  constructor(name: string, transport: Transport<Entry, T>, nowMs: number) {
    const recent = transport.recent.take(name)
    const failures = recent?.reuse.isRecent(nowMs) ? recent.window.failedCohorts : 0
    this.name = name
    this.transport = transport
    const window = failures > 0 ? recent?.window : undefined
    this.window = window ?? new ConcurrencyWindow(transport.windowOptions)
    this.todo = transport.order.createTodo()
    this.reuse = recent?.reuse ?? new SessionReuse()
  }

  /** Whether one more delivery may go to it. */
  get hasRoom(): boolean {
    return this.busy < this.window.size && !this.delayed
  }

  get ready(): boolean {
    return this.todo.length > 0 && this.hasRoom
  }

  /** A delivery begins; says whether its session may come from the cache or go there. */
  begin(nowMs: number): Reuse {
    this.busy += 1
    return this.reuse.begin(nowMs, this.busy === 1)
  }

  /** Ends a delivery, after its result was reported to the window. */
  release(nowMs: number): void {
    this.busy -= 1
    this.reuse.end(nowMs)
  }
}
