import { SessionReuse } from './session-reuse.ts'

/**
 * Remembers for a second how sessions were reused with destinations that have no mail any more. A
 * fast one has none again and again, for a moment, and would be asked for a new session each time.
 */
export class ReuseMemory {
  readonly #recent = new Map<string, SessionReuse>() // In the order in which they were kept.

  /** Keeps what is recent; what no longer is, is forgotten, so memory follows the last second. */
  keep(destination: string, reuse: SessionReuse): void {
    for (const [name, older] of this.#recent) {
      if (older.isRecent(reuse.lastDoneMs)) break
      this.#recent.delete(name)
    }
    this.#recent.set(destination, reuse)
  }

  /** Hands over what was kept, or a new one. */
  take(destination: string): SessionReuse {
    const kept = this.#recent.get(destination)
    if (kept === undefined) return new SessionReuse()
    this.#recent.delete(destination)
    return kept
  }
}
