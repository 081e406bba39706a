import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { QueueEntry } from '@posthouse/queue-store'

import { DueIndex } from './due-index.ts'
import type { MessageStore, QueueWatch } from './ports.ts'

/** The clock of the file system may be a little ahead (S-10, check 5). */
export const STAMP_TOLERANCE_MS = 1000

// More than this at a time, and a scan is cheaper. The kernel keeps 16,384 before it forgets some,
// and does not tell.
const MAX_CHANGES = 1000

/**
 * Finds the deferred messages that are due, without a look at the others where that can be: an
 * index tells which are due next, and the store which files somebody else has changed. A scan of
 * the whole queue makes the index; one is needed again when the index does not reach as far as now,
 * when changes may have been missed, and where the store cannot tell of changes.
 */
export class DeferredQueue {
  readonly #store: MessageStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #index: DueIndex
  /** Messages that we move in or out: the change that is told of next is known. */
  readonly #expected = new Set<string>()
  readonly #changed = new Set<string>()
  #watch: QueueWatch | undefined
  /** Since the last whole scan, nothing that concerns the queue was missed. */
  #isWhole = false
  #isLooking = false
  /** Counts what may have been missed. */
  #losses = 0
  #changes = 0

  /** @param capacity Messages that the index holds at most. */
  constructor(
    { store, clock, log }: { store: MessageStore; clock: Clock; log: Logger },
    capacity: number,
  ) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#index = new DueIndex(capacity)
  }

  /** Call it before the first scan. Without it, each scan is one of the whole queue. */
  async watch(): Promise<void> {
    try {
      this.#watch = await this.#store.watch?.('deferred', {
        changed: (id) => this.#change(id),
        lost: () => this.#lose(),
      })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const text = 'cannot watch queue "deferred", will read all of it at each queue run'
      this.#log.warning(`${text}: ${why}`)
    }
  }

  close(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  /**
   * Files to look at, with those that are due among them.
   *
   * @param wantsAll All files are wanted, due or not. Asked at the end, too.
   */
  async *scan(wantsAll: () => boolean): AsyncGenerator<QueueEntry, void, void> {
    const watch = this.#watch
    this.#expected.clear() // A change that is told of later is looked at, which does no harm.
    if (watch !== undefined && !wantsAll() && (await this.#isKnown(watch))) {
      yield* this.#due(watch)
      if (!wantsAll()) return
    }
    yield* this.#all()
  }

  /** A scan found a message, and it stays where it is. */
  keep({ id, modifiedMs }: QueueEntry): void {
    if (this.#watch !== undefined) this.#index.add(id, modifiedMs)
  }

  /** A message is about to be moved out, by us. */
  expect(id: string): void {
    if (this.#watch !== undefined) this.#expected.add(id)
  }

  /**
   * Moves a message from `active` into this queue. Rejects as the store does.
   *
   * @param dueMs When it is to be tried again.
   * @returns false when it has vanished.
   */
  async defer(id: string, dueMs: number): Promise<boolean> {
    this.expect(id)
    let isMoved = false
    try {
      isMoved = await this.#store.move(id, 'active', 'deferred', { modifiedMs: dueMs })
      return isMoved
    } finally {
      if (isMoved) this.keep({ id, modifiedMs: dueMs, mode: 0 })
      else this.#expected.delete(id)
    }
  }

  async #isKnown(watch: QueueWatch): Promise<boolean> {
    const untilMs = this.#clock.now() + STAMP_TOLERANCE_MS
    if (!this.#isWhole || this.#index.horizonMs <= untilMs) return false
    return !(await watch.missedChanges())
  }

  async *#all(): AsyncGenerator<QueueEntry, void, void> {
    this.#index.clear()
    this.#isWhole = false
    const losses = this.#losses
    yield* this.#store.scan('deferred')
    this.#isWhole = losses === this.#losses
  }

  async *#due(watch: QueueWatch): AsyncGenerator<QueueEntry, void, void> {
    this.#isWhole = false // The index lacks what it gave, until all of that was looked at.
    const losses = this.#losses
    for (const id of this.#index.take(this.#clock.now() + STAMP_TOLERANCE_MS)) {
      const entry = await watch.find(id)
      if (entry !== undefined) yield entry
    }
    this.#isWhole = losses === this.#losses
  }

  #lose(): void {
    this.#losses += 1
    this.#isWhole = false
  }

  #change(id: string): void {
    if (this.#expected.delete(id)) return
    this.#changes += 1
    if (this.#changes > MAX_CHANGES) this.#lose()
    else this.#changed.add(id)
    if (!this.#isLooking) void this.#look()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    for (const id of this.#changed) {
      this.#changed.delete(id)
      await this.#lookAt(id)
    }
    this.#changes = 0
    this.#isLooking = false
  }

  async #lookAt(id: string): Promise<void> {
    try {
      const entry = await this.#watch?.find(id)
      if (entry !== undefined) this.keep(entry)
    } catch {
      this.#lose() // The scan that this makes necessary says what is wrong.
    }
  }
}
