import type { QueueEntry } from '@posthouse/queue-store'
import { ScanFlags, type ScanRequest } from '@posthouse/scheduler'

/**
 * At most one scan of one queue directory, lazily, with the requests for the next (S-9, S-37).
 * Memory does not depend on the length of the queue.
 */
export class QueueScan {
  readonly #open: (wantsAll: () => boolean) => AsyncGenerator<QueueEntry, void, void>
  readonly #flags = new ScanFlags()
  #entries: AsyncGenerator<QueueEntry, void, void> | undefined

  /** @param open Begins a scan of all files or, until that is wanted, of those that are due. */
  constructor(open: (wantsAll: () => boolean) => AsyncGenerator<QueueEntry, void, void>) {
    this.#open = open
  }

  /** A scan has not come to its end. */
  get running(): boolean {
    return this.#flags.running
  }

  get ignoreStamps(): boolean {
    return this.#flags.ignoreStamps
  }

  get overrideDefer(): boolean {
    return this.#flags.overrideDefer
  }

  /** Starts a scan, or sees to it that one follows; modifiers hold for both (S-38). */
  request(request: ScanRequest): void {
    this.#flags.request(request)
  }

  /** The next file, or undefined at the end of the scan: then the next one starts, if wanted. */
  async next(): Promise<QueueEntry | undefined> {
    this.#entries ??= this.#open(() => this.#flags.whole || this.#flags.ignoreStamps)
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
    this.#flags.end()
  }
}
