import type { SessionCache, SmtpSession } from '../src/index.ts'

/** Keeps the last session that was stored. */
export class OneSession implements SessionCache {
  #kept: { labels: readonly string[]; session: SmtpSession } | undefined

  store(labels: readonly string[], session: SmtpSession): void {
    this.#kept = { labels, session }
  }

  take(label: string): SmtpSession | undefined {
    const kept = this.#kept
    if (kept === undefined || !kept.labels.includes(label)) return undefined
    this.#kept = undefined
    return kept.session
  }
}
