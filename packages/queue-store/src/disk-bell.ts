/** A disk thread, as its bell knows it. */
interface Settling {
  /** Has those who wait for jobs that are done know it. @returns whether others wait */
  settle(): boolean
}

/**
 * What disk threads ring when they have done something. One wait for all of them: a promise that
 * another thread resolves costs the main thread more than the rest of a job.
 */
export class DiskBell {
  /** One word: how often it was rung. */
  readonly memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  readonly #rings = new Int32Array(this.memory)
  readonly #threads: Settling[] = []
  #isWatched = false

  /** From now on this thread may ring. */
  add(thread: Settling): void {
    this.#threads.push(thread)
  }

  /** Has all threads settle whenever one rings, until none of them waits. */
  watch(): void {
    if (!this.#isWatched) void this.#watch()
  }

  async #watch(): Promise<void> {
    this.#isWatched = true
    for (;;) {
      const known = Atomics.load(this.#rings, 0)
      let isWaiting = false
      for (const thread of this.#threads) isWaiting = thread.settle() || isWaiting
      if (!isWaiting) break
      await Atomics.waitAsync(this.#rings, 0, known).value
    }
    this.#isWatched = false
  }
}
