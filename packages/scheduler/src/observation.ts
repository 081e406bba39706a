/** What became of a window, in the words of `destination_concurrency_feedback_debug` (S-76). */
export interface WindowChange {
  /** It got better for the destination (`unthrottle`), or worse (`throttle`). */
  readonly kind: 'unthrottle' | 'throttle'
  readonly transport: string
  readonly destination: string
  /** By how much of a slot; undefined if no feedback applied. */
  readonly feedback: number | undefined
  /** The most that the window may be; 0 means no limit. */
  readonly limit: number
  /** The window; 0 when the destination is dead. */
  readonly window: number
  readonly success: number
  readonly failure: number
  readonly failedCohorts: number
}

/** A destination with very many entries (S-85). */
export interface Crowd {
  readonly transport: string
  readonly destination: string
  /** Entries that wait or are in flight. */
  readonly entries: number
  /** Of these, in flight. */
  readonly busy: number
  readonly window: number
  /** The most that the window may be; 0 means no limit. */
  readonly limit: number
  /** The transport has nothing for anybody else. */
  readonly isAlone: boolean
}
