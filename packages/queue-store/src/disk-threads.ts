import { DiskBell } from './disk-bell.ts'
import { DiskThread } from './disk-thread.ts'

// A journal writes what several threads wait for at once, but each thread costs some 7 MB.
const THREADS = 5
// Up to this wait a thread that is awake is better than one that has to be woken.
const SHORT_MS = 1
/** How long a job may wait for others on one thread before it goes to the pool. */
export const LONG_MS = 5

/** A few disk threads, so that the files of several messages are synced side by side. */
export class DiskThreads {
  readonly #bell = new DiskBell()
  readonly #threads = Array.from({ length: THREADS }, () => new DiskThread(this.#bell))

  /** Who should do the next job: the first one that is not busy, or else the one that is least. */
  get next(): DiskThread {
    let [best] = this.#threads as [DiskThread]
    for (const thread of this.#threads) {
      if (best.delayMs <= SHORT_MS) break
      if (thread.delayMs < best.delayMs) best = thread
    }
    return best
  }

  /** Who should do a job that nobody hurries for: one that need not be woken for it, if any. */
  get awake(): DiskThread {
    return this.#threads.find((thread) => thread.isAwake && thread.delayMs <= LONG_MS) ?? this.next
  }

  /** Ends them after what they were asked for. They take nothing more. */
  close(): void {
    for (const thread of this.#threads) thread.close()
  }
}
