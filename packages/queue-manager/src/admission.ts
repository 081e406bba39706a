import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { QueueEntry } from '@posthouse/queue-store'
import { type ScannedQueue, type ScanRequest, ScanTurns } from '@posthouse/scheduler'

import { type DeferredQueue, STAMP_TOLERANCE_MS } from './deferred-queue.ts'
import type { MessageStore } from './ports.ts'
import { QueueScan } from './queue-scan.ts'

/** What the scans need from the active queue. */
export interface ActiveQueue {
  /** There is room for one more message (S-12). */
  hasRoom(): boolean
  /** The message is in memory, or about to be. */
  has(id: string): boolean
  /** Takes a file in. False: it was left where it is, or is gone. */
  admit(id: string, from: ScannedQueue, overrideDefer: boolean): Promise<boolean>
}

/** Finds mail to deliver: scans incoming and deferred, which take turns (S-9 to S-13). */
export class Admission {
  readonly #scans: Readonly<Record<ScannedQueue, QueueScan>>
  readonly #active: ActiveQueue
  readonly #deferred: DeferredQueue
  readonly #clock: Clock
  readonly #log: Logger
  readonly #turns = new ScanTurns()
  /** Files are in incoming that nothing but a scan will find. */
  #backlog = false
  #skippedIncoming = false

  constructor(
    active: ActiveQueue,
    deferred: DeferredQueue,
    { store, clock, log }: { store: MessageStore; clock: Clock; log: Logger },
  ) {
    this.#active = active
    this.#deferred = deferred
    this.#clock = clock
    this.#log = log
    this.#scans = {
      incoming: new QueueScan(() => store.scan('incoming')),
      deferred: new QueueScan((wantsAll) => deferred.scan(wantsAll)),
    }
  }

  /** A scan has something left to look at. */
  get running(): boolean {
    return this.#scans.incoming.running || this.#scans.deferred.running
  }

  /** New mail waits for a scan of incoming; mail that comes now must not overtake all of it. */
  get backlog(): boolean {
    return this.#backlog
  }

  request(queue: ScannedQueue, request: ScanRequest): void {
    this.#scans[queue].request(request)
  }

  /** New mail was left in incoming: a scan must find it. */
  leave(): void {
    this.#backlog = true
    this.#scans.incoming.request({ start: true })
  }

  /** A file could not be taken from incoming: look for it when the next timer fires. */
  skip(): void {
    this.#skippedIncoming = true
  }

  /** Files were left in incoming that the next timer should look for. */
  takeSkippedIncoming(): boolean {
    const skipped = this.#skippedIncoming
    this.#skippedIncoming = false
    return skipped
  }

  /** One pass of S-13: the scans are tried in turn until one has a file that is admitted. */
  async pass(): Promise<void> {
    for (let isOver = false; !isOver; ) {
      const isAdmitted = await this.#try(this.#turns.turn)
      isOver = this.#turns.tried(isAdmitted, this.#active.hasRoom())
    }
  }

  /** Gives up all scans. */
  async stop(): Promise<void> {
    for (const scan of Object.values(this.#scans)) await scan.abandon()
  }

  /** Looks at one file of a queue. @returns whether it was admitted */
  async #try(queue: ScannedQueue): Promise<boolean> {
    const scan = this.#scans[queue]
    if (!scan.running) return false
    const entry = await this.#next(queue, scan)
    if (entry === undefined) return false
    const isAdmitted = await this.#take(entry, queue, scan)
    if (!isAdmitted && queue === 'deferred') this.#deferred.keep(entry)
    return isAdmitted
  }

  async #take(
    entry: QueueEntry,
    queue: ScannedQueue,
    { ignoreStamps, overrideDefer }: QueueScan,
  ): Promise<boolean> {
    if (this.#active.has(entry.id)) return false
    if (!ignoreStamps && entry.modifiedMs > this.#clock.now() + STAMP_TOLERANCE_MS) {
      if (queue === 'incoming') this.#skippedIncoming = true
      return false
    }
    if (queue === 'deferred') this.#deferred.expect(entry.id)
    return this.#active.admit(entry.id, queue, overrideDefer)
  }

  async #next(queue: ScannedQueue, scan: QueueScan): Promise<QueueEntry | undefined> {
    try {
      const entry = await scan.next()
      // What came meanwhile was requested again, and is no more than one scan takes.
      if (entry === undefined && queue === 'incoming') this.#backlog = false
      return entry
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warning(`cannot scan queue "${queue}", will try again later: ${reason}`)
      if (queue === 'incoming') this.#skippedIncoming = true
      await scan.abandon()
      return undefined
    }
  }
}
