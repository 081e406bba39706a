import type { Logger } from '@posthouse/mail-log'

// Small steps back are nothing to speak of: time just stands still until they are made up for.
const JUMP_MS = 1000

/**
 * The time of scheduling, which never runs backwards (S-93): when the machine's clock is set back,
 * it goes on at half speed until the other has caught up.
 */
export class SchedulerClock {
  readonly #now: () => number
  readonly #log: Logger
  #realMs = Number.NEGATIVE_INFINITY
  #timeMs = Number.NEGATIVE_INFINITY
  #isSlewing = false

  /** @param now The machine's clock, in milliseconds since 1970. */
  constructor(now: () => number, log: Logger) {
    this.#now = now
    this.#log = log
  }

  now(): number {
    const realMs = this.#now()
    if (this.#isSlewing || realMs < this.#timeMs) this.#slew(realMs)
    else this.#timeMs = realMs
    this.#realMs = realMs
    return this.#timeMs
  }

  #slew(realMs: number): void {
    if (!this.#isSlewing) {
      if (this.#timeMs - realMs < JUMP_MS) return
      this.#isSlewing = true
      this.#log.warning('backward time jump detected -- slewing clock')
    }
    this.#timeMs += Math.max(0, realMs - this.#realMs) / 2
    if (realMs < this.#timeMs) return
    this.#isSlewing = false
    this.#timeMs = realMs
    this.#log.warning('backward time jump recovered -- back to normality')
  }
}
