import type { Clock } from '@posthouse/clock'

import type { DeliveryTime } from './delivery-time.ts'

/** Knows what runs, and ends its time (G-89). One timer serves all. */
export class Watchdog {
  readonly #clock: Clock
  readonly #running = new Map<Promise<unknown>, DeliveryTime>()
  // Whoever comes later has more time, so it needs no timer of its own.
  #hasTimer = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Watches a delivery that has just begun, and after it what it left to be done. */
  watch(delivery: Promise<unknown>, time: DeliveryTime): void {
    this.#running.set(delivery, time)
    if (!this.#hasTimer) this.#startTimer(time.endMs)
    const goOn = (): void => {
      this.#running.delete(delivery)
      const { leaving } = time
      if (leaving === undefined) return
      this.#running.set(leaving, time)
      void leaving.then(() => this.#running.delete(leaving)) // It fails on a bug only.
    }
    delivery.then(goOn, goOn)
  }

  /** Resolves when all that runs now has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.keys())
  }

  #startTimer(endMs: number): void {
    this.#hasTimer = true
    this.#clock.after(Math.max(0, endMs - this.#clock.now()), () => {
      this.#hasTimer = false
      this.#endWhatIsDue()
    })
  }

  #endWhatIsDue(): void {
    const now = this.#clock.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const time of this.#running.values()) {
      if (time.endMs > now) nextMs = Math.min(nextMs, time.endMs)
      else if (!time.isOver) time.end()
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#startTimer(nextMs)
  }
}
