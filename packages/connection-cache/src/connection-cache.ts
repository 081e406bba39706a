import type { Clock } from '@posthouse/clock'

/** Bounds of a connection cache. */
export interface ConnectionCacheOptions {
  /** Sessions kept at one time, at least 1; for a new one the next to expire is closed. */
  readonly maxSessions: number
  /** `connection_cache_ttl_limit`: longest time that a session is kept, in ms. */
  readonly maxTtlMs: number
}

// Entries form a list in order of expiry. With equal times to live, which is the rule, an entry is
// added at its end; and since the first entry is the next to expire, one timer serves all.
interface Entry<Session> {
  readonly session: Session
  readonly labels: readonly string[]
  readonly close: (session: Session) => void
  readonly expiresMs: number
  earlier: Entry<Session> | undefined
  later: Entry<Session> | undefined
}

/**
 * Open sessions kept for the next delivery, found by label (C-124). A session is handed out once:
 * whoever takes it stores it again or closes it. When its time is over it is closed.
 *
 * Labels are opaque: equality is all that matters (C-118).
 */
export class ConnectionCache<Session> {
  readonly #options: ConnectionCacheOptions
  readonly #clock: Clock
  readonly #byLabel = new Map<string, Entry<Session>[]>()
  #first: Entry<Session> | undefined
  #last: Entry<Session> | undefined
  #size = 0
  #cancelTimer: (() => void) | undefined
  #timerMs = 0

  constructor(options: ConnectionCacheOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** Sessions kept now. */
  get size(): number {
    return this.#size
  }

  /**
   * Keeps a session under each of the labels; taking it by one of them removes it from all.
   *
   * @param ttlMs How long to keep it, in ms; cut to `maxTtlMs`. Not above 0: closed at once.
   * @param close Called, once, when the session was not taken in time or its place is needed.
   */
  store(
    labels: readonly string[],
    session: Session,
    ttlMs: number,
    close: (session: Session) => void,
  ): void {
    const keepMs = Math.min(ttlMs, this.#options.maxTtlMs)
    if (keepMs <= 0 || labels.length === 0) {
      close(session)
      return
    }
    if (this.#size >= this.#options.maxSessions) this.#evict(this.#first!) // maxSessions > 0.

    const expiresMs = this.#clock.now() + keepMs
    const entry = { session, labels, close, expiresMs, earlier: undefined, later: undefined }
    this.#link(entry)
    for (const label of labels) {
      const entries = this.#byLabel.get(label)
      if (entries === undefined) this.#byLabel.set(label, [entry])
      else entries.push(entry)
    }
    this.#size++
    if (this.#cancelTimer === undefined || expiresMs < this.#timerMs) this.#startTimer()
  }

  /** Hands out the session stored last under a label; undefined if there is none. */
  take(label: string): Session | undefined {
    const entry = this.#byLabel.get(label)?.at(-1)
    if (entry === undefined) return undefined
    this.#remove(entry)
    if (entry.expiresMs > this.#clock.now()) return entry.session
    // Its timer is late. Whatever else the label has may be younger, or not.
    entry.close(entry.session)
    return this.take(label)
  }

  /** Closes all sessions. The cache may be used again. */
  closeAll(): void {
    while (this.#first !== undefined) this.#evict(this.#first)
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  // The timer is not stopped when the session that it was meant for is taken: in a busy system that
  // would be a timer per delivery. It finds out when it fires.
  #startTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#first === undefined) return
    this.#timerMs = this.#first.expiresMs
    const delayMs = Math.max(0, this.#timerMs - this.#clock.now())
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      this.#expire()
      this.#startTimer()
    })
  }

  #expire(): void {
    const now = this.#clock.now()
    while (this.#first !== undefined && this.#first.expiresMs <= now) this.#evict(this.#first)
  }

  #evict(entry: Entry<Session>): void {
    this.#remove(entry)
    entry.close(entry.session)
  }

  #remove(entry: Entry<Session>): void {
    this.#unlink(entry)
    for (const label of entry.labels) {
      const entries = this.#byLabel.get(label)!
      if (entries.length === 1) this.#byLabel.delete(label)
      else if (entries.at(-1) === entry) entries.pop()
      else entries.splice(entries.indexOf(entry), 1)
    }
    this.#size--
  }

  #link(entry: Entry<Session>): void {
    let before = this.#last
    while (before !== undefined && before.expiresMs > entry.expiresMs) before = before.earlier
    entry.earlier = before
    entry.later = before === undefined ? this.#first : before.later
    if (entry.later === undefined) this.#last = entry
    else entry.later.earlier = entry
    if (before === undefined) this.#first = entry
    else before.later = entry
  }

  #unlink(entry: Entry<Session>): void {
    if (entry.earlier === undefined) this.#first = entry.later
    else entry.earlier.later = entry.later
    if (entry.later === undefined) this.#last = entry.earlier
    else entry.later.earlier = entry.earlier
  }
}
