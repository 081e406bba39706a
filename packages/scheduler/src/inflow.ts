/**
 * Inflow control (S-14): a brake for mail that comes in faster than it is taken in for delivery.
 * Each message that comes takes a token, and its being taken in gives one back.
 */
export class Inflow {
  readonly #size: number
  readonly #hasBacklog: () => boolean
  #tokens: number

  /**
   * @param size Tokens there are.
   * @param hasBacklog Mail waits in the queue `incoming`. If not, all tokens are back: those of
   * mail that never came to be, too.
   */
  constructor(size: number, hasBacklog: () => boolean) {
    this.#size = size
    this.#hasBacklog = hasBacklog
    this.#tokens = size
  }

  /**
   * Asked for each message before it is read.
   *
   * @returns whether there was a token. If not, let the client wait for `in_flow_delay` before the
   * message is read: never for longer, or the mail system would stand still.
   */
  take(): boolean {
    if (!this.#hasBacklog()) this.#tokens = this.#size
    if (this.#tokens === 0) return false
    this.#tokens -= 1
    return true
  }

  /** For a message that was taken in, or went to the hold queue. */
  giveBack(): void {
    this.#tokens = Math.min(this.#size, this.#tokens + 1)
  }
}
