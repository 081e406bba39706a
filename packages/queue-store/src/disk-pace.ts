// A disk of flash, or with a cache of its own, answers an fsync within this time even when it is
// busy; one that turns does not. Where 64 at a time took 9.6 ms on average, a write and a rename
// took 0.07, waits for the journal included: less than it costs to hand them over.
const FAST_MS = 10
const WEIGHT = 1 / 16 // Of the latest answer in the average.

/**
 * Whether the disk is fast enough to be waited for. Handing a system call to another thread costs
 * several times what the call itself does, unless that has to wait for the disk: names and sizes
 * are changed in memory, but not while the journal is on its way to the disk with them. On a slow
 * disk such a wait would stop everything else that the process does.
 */
export class DiskPace {
  #averageMs = Number.POSITIVE_INFINITY // Slow until it has shown that it is not.

  /** Reports how long an fsync took. */
  record(durationMs: number): void {
    const known = Number.isFinite(this.#averageMs)
    this.#averageMs = known ? this.#averageMs + (durationMs - this.#averageMs) * WEIGHT : durationMs
  }

  get isFast(): boolean {
    return this.#averageMs < FAST_MS
  }
}
