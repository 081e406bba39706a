/**
 * What a package may know of time. Given to it by the program that composes it, so that a test can
 * run hours of mail delivery in milliseconds.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z, with a fraction where the source has one. */
  now(): number
  /**
   * Calls `fn` once, `delayMs` from now; up to a second later if that is a minute or more. Delays
   * above 2^31-1 ms are not supported.
   *
   * @returns cancels the call; harmless once it was made.
   */
  after(delayMs: number, fn: () => void): () => void
}
