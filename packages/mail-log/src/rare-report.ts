const QUIET_MS = 10 * 60_000

/** Passes errors on, one of a row: what goes wrong every second must not fill another log. */
export class RareReport {
  readonly #onError: (error: unknown) => void
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Passes an error on unless it is less than ten minutes since the last that was. */
  report(error: unknown, nowMs: number): void {
    if (nowMs - this.#lastMs < QUIET_MS) return
    this.#lastMs = nowMs
    this.#onError(error)
  }

  /** Counts an error that is told in another way as one that was passed on. */
  told(nowMs: number): void {
    this.#lastMs = nowMs
  }
}
