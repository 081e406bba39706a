import type { QueueEntry } from '@posthouse/queue-store'

/** What a trigger asks of a queue (S-36). */
export interface ScanRequest {
  readonly start?: boolean
  /** Take files whose time has not come. */
  readonly ignoreStamps?: boolean
  /** Deliver over `defer_transports` as well. */
  readonly overrideDefer?: boolean
  /** Look at every file, and not only at those that are known to be due. */
  readonly whole?: boolean
}

interface Flags {
  start: boolean
  ignoreStamps: boolean
  overrideDefer: boolean
  whole: boolean
}

/**
 * At most one scan of one queue directory, lazily, with the requests for the next (S-9, S-37).
 * Memory does not depend on the length of the queue.
 */
export class QueueScan {
  readonly #open: (wantsAll: () => boolean) => AsyncGenerator<QueueEntry, void, void>
  #entries: AsyncGenerator<QueueEntry, void, void> | undefined
  #running: Flags = none()
  #pending: Flags = none()

  /** @param open Begins a scan of all files or, until that is wanted, of those that are due. */
  constructor(open: (wantsAll: () => boolean) => AsyncGenerator<QueueEntry, void, void>) {
    this.#open = open
  }

  /** A scan has not come to its end. */
  get running(): boolean {
    return this.#running.start
  }

  get ignoreStamps(): boolean {
    return this.#running.ignoreStamps
  }

  get overrideDefer(): boolean {
    return this.#running.overrideDefer
  }

  /** Starts a scan, or sees to it that one follows; modifiers hold for both (S-38). */
  request(request: ScanRequest): void {
    add(this.#pending, request)
    if (this.running) add(this.#running, { ...request, start: false, whole: false })
    else this.#restart()
  }

  /** The next file, or undefined at the end of the scan: then the next one starts, if wanted. */
  async next(): Promise<QueueEntry | undefined> {
    this.#entries ??= this.#open(() => this.#running.whole || this.#running.ignoreStamps)
    const { value } = await this.#entries.next()
    if (value !== undefined) return value
    this.#end()
    return undefined
  }

  /** Gives up the scan, because the directory cannot be read or is no longer of interest. */
  async abandon(): Promise<void> {
    const entries = this.#entries
    this.#end()
    await entries?.return()
  }

  #end(): void {
    this.#entries = undefined
    this.#running = none()
    this.#restart()
  }

  #restart(): void {
    if (!this.#pending.start) return
    this.#running = this.#pending
    this.#pending = none()
  }
}

function none(): Flags {
  return { start: false, ignoreStamps: false, overrideDefer: false, whole: false }
}

function add(flags: Flags, request: ScanRequest): void {
  flags.start ||= request.start ?? false
  flags.ignoreStamps ||= request.ignoreStamps ?? false
  flags.overrideDefer ||= request.overrideDefer ?? false
  flags.whole ||= request.whole ?? false
}
