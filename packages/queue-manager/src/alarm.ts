import type { Clock } from '@posthouse/clock'

// The longest that a timer can wait.
const MAX_WAIT_MS = 2 ** 31 - 1

/** One timer, that is set again and again for different times: only the earliest counts. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #atMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at a time, or before; once. Both times are of any clock. */
  set(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return
    this.#cancel?.()
    this.#atMs = atMs
    this.#cancel = this.#clock.after(Math.min(Math.max(0, atMs - nowMs), MAX_WAIT_MS), () => {
      this.#atMs = Number.POSITIVE_INFINITY
      this.#cancel = undefined
      this.#ring()
    })
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#atMs = Number.POSITIVE_INFINITY
  }
}
