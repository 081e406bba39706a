import type { Clock } from '@posthouse/clock'

import { Alarm } from './alarm.ts'

/** Gives up deliveries of which nothing is heard for too long (S-90). */
export class DeliveryWatch<T> {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #giveUp: (delivery: T) => void
  readonly #alarm: Alarm
  /** Until when each may take, in the order in which they began. */
  readonly #untilMs = new Map<T, number>()

  /**
   * @param limitMs The time that a delivery may take.
   * @param giveUp Called when the time of one is over, and `end` was not.
   */
  constructor(clock: Clock, limitMs: number, giveUp: (delivery: T) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#giveUp = giveUp
    this.#alarm = new Alarm(clock, () => this.#look())
  }

  begin(delivery: T, nowMs: number): void {
    const untilMs = nowMs + this.#limitMs
    if (this.#untilMs.size === 0) this.#alarm.set(untilMs, nowMs)
    this.#untilMs.set(delivery, untilMs)
  }

  /** @returns whether it had not been given up. */
  end(delivery: T): boolean {
    return this.#untilMs.delete(delivery)
  }

  #look(): void {
    const nowMs = this.#clock.now()
    for (const [delivery, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) {
        this.#alarm.set(untilMs, nowMs)
        return
      }
      this.#untilMs.delete(delivery)
      this.#giveUp(delivery)
    }
  }
}
