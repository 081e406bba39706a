/** Virtual time: events in order of time, then of creation (S-98). */
export class World {
  nowMs = 0
  readonly #events = new Map<number, (() => void)[]>()
  readonly #times: number[] = []

  at(atMs: number, run: () => void): void {
    const events = this.#events.get(atMs)
    if (events !== undefined) {
      events.push(run)
      return
    }
    this.#events.set(atMs, [run])
    const behind = this.#times.findLastIndex((timeMs) => timeMs < atMs)
    this.#times.splice(behind + 1, 0, atMs)
  }

  run(): void {
    for (let timeMs = this.#times.shift(); timeMs !== undefined; timeMs = this.#times.shift()) {
      this.nowMs = timeMs
      // More may join while they run.
      const events = this.#events.get(timeMs) ?? []
      for (const run of events) run()
      this.#events.delete(timeMs)
    }
  }
}

/** Mulberry32: small, and the same everywhere. */
export function prng(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
