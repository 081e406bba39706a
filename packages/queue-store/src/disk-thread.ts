import { getSystemErrorName } from 'node:util'
import { Worker } from 'node:worker_threads'

import { DiskJob, type DiskJobKind, DiskJobs, JOB_LAYOUT, MAX_JOBS } from './disk-jobs.ts'
import { type DiskThreadData, runDiskThread } from './disk-thread-main.ts'

const PROGRAM = `(${runDiskThread})(require('fs'), require('worker_threads').workerData)`
const WEIGHT = 1 / 16 // Of the latest job in the average.

interface Waiting {
  readonly resolve: (durationMs: number | undefined) => void
  readonly reject: (error: Error) => void
}

/**
 * A thread for the most frequent calls that wait for the disk. Under load it never sleeps, so that
 * nobody has to wake it: on a virtual machine, waking a thread of libuv's pool costs more than
 * everything else that a process does for an fsync. What it cannot do soon enough is for the pool,
 * whose threads wait side by side.
 */
export class DiskThread {
  readonly #jobs = new DiskJobs()
  readonly #waiting: Waiting[] = []
  #worker: Worker | undefined
  #settled = 0 // The number of the first job in `#waiting`.
  #averageMs = 0
  #isBroken = false
  #isWatching = false

  /** In how many milliseconds a job would be begun; infinite when it cannot be taken. */
  get delayMs(): number {
    if (this.#isBroken || this.#waiting.length >= MAX_JOBS - 1) return Number.POSITIVE_INFINITY
    return this.#waiting.length * this.#averageMs
  }

  /**
   * fsync(2).
   *
   * @returns how long it took, in milliseconds; undefined if the thread ended: ask somebody else.
   */
  sync(file: number): Promise<number | undefined> {
    return this.#do(DiskJob.sync, file)
  }

  /** ftruncate(2), to nothing. @returns as `sync` does. */
  empty(file: number): Promise<number | undefined> {
    return this.#do(DiskJob.empty, file)
  }

  /** Ends the thread after what it was asked for. It takes nothing more. */
  close(): void {
    this.#isBroken = true
    if (this.#worker !== undefined) this.#jobs.submit(DiskJob.end, 0)
  }

  #do(kind: DiskJobKind, file: number): Promise<number | undefined> {
    this.#worker ??= this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#jobs.submit(kind, file)
      if (!this.#isWatching) void this.#watch()
    })
  }

  async #watch(): Promise<void> {
    this.#isWatching = true
    this.#worker?.ref() // Who waits for the disk is not to see the process end.
    while (this.#waiting.length > 0) {
      await this.#jobs.moreDone(this.#settled)
      this.#settle()
    }
    this.#worker?.unref()
    this.#isWatching = false
  }

  #settle(): void {
    const count = (this.#jobs.done - this.#settled) >>> 0
    for (const { resolve, reject } of this.#waiting.splice(0, count)) {
      const { error, microseconds } = this.#jobs.result(this.#settled)
      this.#settled = (this.#settled + 1) | 0 // As the numbers of jobs, they wrap around.
      const durationMs = microseconds / 1000
      this.#averageMs += (durationMs - this.#averageMs) * WEIGHT
      if (error === 0) resolve(durationMs)
      else reject(systemError(error))
    }
  }

  #start(): Worker {
    const data: DiskThreadData = {
      memory: this.#jobs.memory,
      layout: JOB_LAYOUT,
      kinds: DiskJob,
    }
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: data })
    worker.unref()
    worker.once('error', () => undefined) // 'exit' follows, and the pool does what it did.
    worker.once('exit', () => this.#fail())
    return worker
  }

  #fail(): void {
    this.#isBroken = true
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined)
  }
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`${code}: fsync or ftruncate`), { code, errno })
}
