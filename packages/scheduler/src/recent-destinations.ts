import type { ConcurrencyWindow } from './concurrency-window.ts'
import type { SessionReuse } from './session-reuse.ts'

/** What is worth remembering of a destination. */
export interface RecentDestination {
  readonly reuse: SessionReuse
  readonly window: ConcurrencyWindow
}

/**
 * Remembers for a second those that have no mail any more. A fast destination has none again and
 * again, for a moment: it would be asked for a new session each time; and one that refuses at once
 * would never have failed often enough to be dead, but be tried for each message.
 */
export class RecentDestinations {
  readonly #recent = new Map<string, RecentDestination>() // In the order in which they were kept.

  /** Keeps what is recent; what no longer is, is forgotten, so memory follows the last second. */
  keep(name: string, { reuse, window }: RecentDestination): void {
    for (const [other, older] of this.#recent) {
      if (older.reuse.isRecent(reuse.lastDoneMs)) break
      this.#recent.delete(other)
    }
    this.#recent.set(name, { reuse, window })
  }

  /** Hands over what was kept; it may be recent no more. */
  take(name: string): RecentDestination | undefined {
    const kept = this.#recent.get(name)
    if (kept !== undefined) this.#recent.delete(name)
    return kept
  }
}
