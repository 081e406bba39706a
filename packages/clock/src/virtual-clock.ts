import type { Clock } from './clock.ts'

interface Timer {
  readonly at: number
  readonly fn: () => void
}

/** A clock that stands still until a test moves it. Not for production. */
export class VirtualClock implements Clock {
  #now: number
  #timers: Timer[] = []

  /** @param startMs What `now` says at first, in milliseconds since 1970. */
  constructor(startMs = 0) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.#now + delayMs, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /**
   * Fires what is due until `untilMs`, in order of time and, on a tie, of creation; then stands at
   * `untilMs`. After each timer the promises that it settled run to their next wait for I/O.
   */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      await settle()
      const next = this.#nextDue(untilMs)
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = next.at
      next.fn()
    }
    this.#now = Math.max(this.#now, untilMs)
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= untilMs && (next === undefined || timer.at < next.at)) next = timer
    }
    return next
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
