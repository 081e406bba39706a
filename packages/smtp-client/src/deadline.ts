import type { Clock } from '@posthouse/clock'

/** How long a server may take as a whole, rather than for each octet (C-37). */
export interface DeadlineTerms {
  readonly clock: Clock
  /** `smtp_min_data_rate`: octets of content that a server has to take in a second. */
  readonly minDataRate: number
}

/** One deadline at a time; while content is sent, what the server takes earns it more time. */
export class Deadline {
  readonly #terms: DeadlineTerms
  readonly #onTimeout: () => void
  #cancel: () => void = () => undefined
  /** What is left of the time for the content; undefined when none is under way. */
  #leftMs: number | undefined
  #sinceMs = 0
  #bytes = 0

  constructor(terms: DeadlineTerms, onTimeout: () => void) {
    this.#terms = terms
    this.#onTimeout = onTimeout
  }

  /** For a reply, from now on. 0 is no limit. */
  awaitReply(limitMs: number): void {
    this.stop()
    this.#leftMs = undefined
    this.#bytes = 0
    this.#start(limitMs)
  }

  /** Content was handed to the socket. */
  sent(bytes: number): void {
    this.#bytes += bytes
  }

  /** For content that was sent to be taken. */
  awaitRoom(limitMs: number): void {
    this.stop()
    if (limitMs === 0) return
    const earnedMs = (this.#bytes / this.#terms.minDataRate) * 1000
    this.#bytes = 0
    this.#leftMs = Math.min(limitMs, (this.#leftMs ?? limitMs) + earnedMs)
    this.#sinceMs = this.#terms.clock.now()
    this.#start(Math.max(1, this.#leftMs))
  }

  /** The server has taken the content so far. */
  gotRoom(): void {
    this.stop()
    if (this.#leftMs !== undefined) this.#leftMs -= this.#terms.clock.now() - this.#sinceMs
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#cancel()
    this.#cancel = () => undefined
  }

  #start(limitMs: number): void {
    if (limitMs > 0) this.#cancel = this.#terms.clock.after(limitMs, this.#onTimeout)
  }
}
