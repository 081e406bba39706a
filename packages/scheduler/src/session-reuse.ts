// One second between deliveries to a destination makes it busy enough to keep sessions open.
const RECENT_MS = 1000

/** Whether deliveries to a destination take sessions from the connection cache, and leave them. */
export class SessionReuse {
  #lastDoneMs = Number.NEGATIVE_INFINITY
  #load = false
  #store = false

  /** When the last delivery ended. */
  get lastDoneMs(): number {
    return this.#lastDoneMs
  }

  /** A delivery begins (S-89). @param alone no other one to the destination is under way. */
  begin(nowMs: number, alone: boolean): { load: boolean; store: boolean } {
    if (this.isRecent(nowMs)) this.#load = this.#store = true
    else if (alone) this.#store = false
    return { load: this.#load, store: this.#store }
  }

  end(nowMs: number): void {
    this.#lastDoneMs = nowMs
  }

  /** The destination died: its sessions are not to be trusted (S-79). */
  clear(): void {
    this.#load = this.#store = false
  }

  isRecent(nowMs: number): boolean {
    return nowMs - this.#lastDoneMs <= RECENT_MS
  }
}
