// A disk of flash, or with a cache of its own, answers an fsync well within this time; one that
// turns does not.
const FAST_MS = 5
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
