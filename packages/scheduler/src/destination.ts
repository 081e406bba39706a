import { ConcurrencyWindow } from './concurrency-window.ts'
import type { Selected } from './order.ts'
import type { RetryEntry } from './retry-list.ts'
import { NO_REUSE, nextReuse, RECENT_MS, type Reuse } from './session-reuse.ts'
import type { Transport } from './transport.ts'

/** Why a transport or a destination is left alone for a while. */
export interface Suspension {
  /** Enhanced status code, such as `4.4.1`. */
  readonly status: string
  /** The text for the log and the sender. */
  readonly reason: string
}

/**
 * What a scheduler knows of one destination of one transport (S-67): a window, and who uses it.
 * Each order adds what waits for it, in the shape that it needs.
 *
 * There may be a hundred thousand, too many for the caches of a processor, and a decision takes as
 * long as it waits for memory. So all of a destination is one object (which is why it is a window,
 * and has none), and its moments are small integers, of which none is an object of its own.
 */
export abstract class Destination<
    Entry extends Selected<Self>,
    Self extends Destination<Entry, Self>,
  >
  extends ConcurrencyWindow
  implements RetryEntry
{
  /** Deliveries in flight. */
  busy = 0
  /** Entries that wait. */
  waiting = 0
  /** Its rate delay is not over yet (S-77). */
  delayed = false
  dead: Suspension | undefined
  readonly transport: Transport<Entry, Self>
  readonly name: string
  retryMs: number | undefined
  older: RetryEntry | undefined
  younger: RetryEntry | undefined
  /** When the last delivery ended, as a moment of the table. */
  lastDone: number | undefined
  #reuse: Reuse = NO_REUSE

  constructor(name: string, transport: Transport<Entry, Self>) {
    super(transport.windowOptions)
    this.name = name
    this.transport = transport
  }

  /** Whether one more delivery may go to it. */
  get hasRoom(): boolean {
    return this.busy < this.size && !this.delayed
  }

  get ready(): boolean {
    return this.waiting > 0 && this.hasRoom
  }

  /** It has no mail any more, but a moment ago it had. */
  get isIdle(): boolean {
    return this.retryMs !== undefined && this.dead === undefined
  }

  /** It has mail again. What was known of it counts: failures, and which sessions are open. */
  comeBack(now: number): void {
    if (this.failedCohorts === 0 || !this.#isRecent(now)) this.revive(0)
  }

  /** A delivery begins; says whether its session may come from the cache or go there. */
  begin(now: number): Reuse {
    this.busy += 1
    this.#reuse = nextReuse(this.#reuse, this.#isRecent(now), this.busy === 1)
    return this.#reuse
  }

  /** Ends a delivery, after its result was reported to the window. */
  release(now: number): void {
    this.busy -= 1
    this.lastDone = now
  }

  /** It cannot be reached: its sessions are not to be trusted (S-79). */
  die(suspension: Suspension): void {
    this.dead = suspension
    this.#reuse = NO_REUSE
  }

  /** A delivery to it ended within the last second. */
  #isRecent(now: number): boolean {
    return this.lastDone !== undefined && now - this.lastDone <= RECENT_MS
  }
}
