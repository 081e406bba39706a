import type { Feedback } from './feedback.ts'

/** The settings of a window. */
export interface WindowOptions {
  /** `initial_destination_concurrency`, in deliveries, at least 1. */
  readonly initial: number
  /** `default_destination_concurrency_limit`, in deliveries; 0 means no limit. */
  readonly limit: number
  /** `default_destination_concurrency_positive_feedback`. */
  readonly positive: Feedback
  /** `default_destination_concurrency_negative_feedback`. */
  readonly negative: Feedback
  /**
   * `default_destination_concurrency_failed_cohort_limit`: failed pseudo-cohorts after which the
   * destination is dead; 0 means never.
   */
  readonly failedCohortLimit: number
}

/**
 * How many deliveries one destination may have in flight. Arithmetic only: the caller owns the
 * deliveries and the timer that revives a dead destination.
 *
 * Source: rules S-67 to S-75 of spec/queue-manager.md, with their quirk that the first failure
 * lowers a window by two when the negative feedback is 1 (S-75).
 */
export class ConcurrencyWindow {
  readonly #options: WindowOptions
  #size: number
  #success = 0
  #failure = 0
  #failedCohorts = 0

  constructor(options: WindowOptions) {
    this.#options = options
    this.#size = capped(options.initial, options.limit)
  }

  /** Deliveries allowed in flight; 0 when the destination is dead. */
  get size(): number {
    return this.#size
  }

  /** Positive feedback not yet worth a slot (`success` of S-76). */
  get success(): number {
    return this.#success
  }

  /** Negative feedback not yet worth a slot (`failure` of S-76). */
  get failure(): number {
    return this.#failure
  }

  /** Failures since the last success, in cohorts of the window's size (`fail_cohorts`, S-76). */
  get failedCohorts(): number {
    return this.#failedCohorts
  }

  /**
   * Reports a delivery that reached the destination; `busy` are in flight, this one included.
   *
   * @returns the feedback, in slots, if there was any.
   */
  succeed(busy: number): number | undefined {
    const { initial, limit, positive } = this.#options
    if (this.#size === 0) {
      this.revive(busy)
      return undefined
    }
    this.#failedCohorts = 0
    // A window far above its use would make negative feedback ineffective.
    if (this.#size >= busy + initial || (limit > 0 && this.#size >= limit)) return undefined

    const feedback = step(positive, this.#size)
    this.#success += feedback
    // Half a step of slack absorbs rounding: eight times 1/8 must be worth one slot.
    while (this.#success + feedback / 2 >= 1) {
      this.#size += 1
      this.#success -= 1
      this.#failure = 0
    }
    this.#size = capped(this.#size, limit)
    return feedback
  }

  /**
   * Reports a delivery that failed on connection or handshake; `size` may become 0, dead.
   *
   * @returns the feedback, in slots, if there was any.
   */
  fail(): number | undefined {
    const { failedCohortLimit, negative } = this.#options
    // A late report: it was in flight when the destination died.
    if (this.#size === 0) return undefined
    this.#failedCohorts += 1 / this.#size
    if (failedCohortLimit > 0 && this.#failedCohorts >= failedCohortLimit) {
      this.#size = 0
      return undefined
    }
    const feedback = step(negative, this.#size)
    this.#failure -= feedback
    while (this.#failure - feedback / 2 < 0) {
      this.#size -= 1
      this.#failure += 1
      this.#success = 0
    }
    this.#size = Math.max(this.#size, 1)
    return feedback
  }

  /** Gives a dead destination another chance: on a timer, or after a late success (S-72). */
  revive(busy: number): void {
    const { initial, limit } = this.#options
    this.#size = capped(busy > 0 ? busy : initial, limit)
    this.#success = this.#failure = this.#failedCohorts = 0
  }
}

function step({ base, dividedByWindow }: Feedback, window: number): number {
  return dividedByWindow ? base / window : base
}

function capped(size: number, limit: number): number {
  return limit > 0 ? Math.min(size, limit) : size
}
