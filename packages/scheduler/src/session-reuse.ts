// One second between deliveries to a destination makes it busy enough to keep sessions open.
const RECENT_MS = 1000

/** Whether a delivery may take its session from the connection cache, and leave it there. */
export interface Reuse {
  readonly load: boolean
  readonly store: boolean
}

// One is said for each delivery: they are made once.
export const NO_REUSE: Reuse = { load: false, store: false }
const LOAD: Reuse = { load: true, store: false }
const LOAD_AND_STORE: Reuse = { load: true, store: true }

/** Whether deliveries to a destination take sessions from the connection cache, and leave them. */
export class SessionReuse {
  #lastDoneMs = Number.NEGATIVE_INFINITY
  #advice: Reuse = NO_REUSE

  /** When the last delivery ended. */
  get lastDoneMs(): number {
    return this.#lastDoneMs
  }

  /** A delivery begins (S-89). @param alone no other one to the destination is under way. */
  begin(nowMs: number, alone: boolean): Reuse {
    if (this.isRecent(nowMs)) this.#advice = LOAD_AND_STORE
    else if (alone && this.#advice.store) this.#advice = LOAD
    return this.#advice
  }

  end(nowMs: number): void {
    this.#lastDoneMs = nowMs
  }

  /** The destination died: its sessions are not to be trusted (S-79). */
  clear(): void {
    this.#advice = NO_REUSE
  }

  isRecent(nowMs: number): boolean {
    return nowMs - this.#lastDoneMs <= RECENT_MS
  }
}
