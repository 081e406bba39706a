import type { Clock } from '@posthouse/clock'

import { Alarm } from './alarm.ts'

/** A delivery that is under way. The watch writes what can be written; nobody else does. */
export class Watched<T> {
  readonly delivery: T
  readonly sinceMs: number
  isOver = false
  older: Watched<T> | undefined
  younger: Watched<T> | undefined

  constructor(delivery: T, sinceMs: number) {
    this.delivery = delivery
    this.sinceMs = sinceMs
  }
}

/**
 * Gives up deliveries of which nothing is heard for too long (S-90). They are in a list, in the
 * order in which they began: to look them up in a map would take longer than all else here.
 */
export class DeliveryWatch<T> {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #giveUp: (delivery: T) => void
  readonly #alarm: Alarm
  #oldest: Watched<T> | undefined
  #youngest: Watched<T> | undefined

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

  begin(delivery: T, nowMs: number): Watched<T> {
    const watched = new Watched(delivery, nowMs)
    watched.older = this.#youngest
    if (this.#youngest === undefined) this.#oldest = watched
    else this.#youngest.younger = watched
    this.#youngest = watched
    if (this.#oldest === watched) this.#alarm.set(nowMs + this.#limitMs, nowMs)
    return watched
  }

  /** @returns whether it had not been given up. */
  end(watched: Watched<T>): boolean {
    if (watched.isOver) return false
    watched.isOver = true
    const { older, younger } = watched
    if (older === undefined) this.#oldest = younger
    else older.younger = younger
    if (younger === undefined) this.#youngest = older
    else younger.older = older
    return true
  }

  #look(): void {
    const nowMs = this.#clock.now()
    for (let watched = this.#oldest; watched !== undefined; watched = this.#oldest) {
      const untilMs = watched.sinceMs + this.#limitMs
      if (untilMs > nowMs) {
        this.#alarm.set(untilMs, nowMs)
        return
      }
      this.end(watched)
      this.#giveUp(watched.delivery)
    }
  }
}
