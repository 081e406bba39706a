import { getSystemErrorName } from 'node:util'
import { Worker } from 'node:worker_threads'

import {
  type DataJob,
  DiskJob,
  DiskJobs,
  DiskRest,
  fits,
  JOB_LAYOUT,
  type JobResult,
  MAX_DATA_JOBS,
  MAX_JOBS,
} from './disk-jobs.ts'
import { type DiskThreadData, runDiskThread } from './disk-thread-main.ts'
import type { Progress } from './file-system.ts'

const PROGRAM = `(${runDiskThread})(require('fs'), require('worker_threads').workerData)`
const WEIGHT = 1 / 16 // Of the latest job in the average.

/** Is told what became of a job; undefined if the thread ended. */
type Settle = (result: JobResult | undefined) => void

/** How far a job came. */
export interface JobProgress extends Progress {
  readonly durationMs: number
}

/**
 * A thread for the most frequent calls that wait for the disk. Under load it never sleeps, so that
 * nobody has to wake it: on a virtual machine, waking a thread of libuv's pool costs more than
 * everything else that a process does for an fsync. What it cannot do soon enough is for the pool,
 * whose threads wait side by side.
 */
export class DiskThread {
  readonly #jobs = new DiskJobs()
  readonly #waiting: Settle[] = []
  #worker: Worker | undefined
  #settled = 0 // The number of the first job in `#waiting`.
  #averageMs = 0
  #isBroken = false
  #isWatching = false

  /** In how many milliseconds a job would be begun; infinite when it cannot be taken. */
  get delayMs(): number {
    if (this.#isBroken || this.#waiting.length >= MAX_JOBS - 1) return Number.POSITIVE_INFINITY
    return this.#jobs.pending * this.#averageMs
  }

  /** Whether it comes to its next job without being woken, if not at once. */
  get isAwake(): boolean {
    return this.#jobs.isAwake
  }

  /**
   * fsync(2).
   *
   * @returns how long it took, in milliseconds; undefined if the thread ended: ask somebody else.
   */
  sync(file: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#await((result) => {
        if (result === undefined || result.error === 0) resolve(result?.durationMs)
        else reject(systemError(result.error))
      })
      this.#jobs.submit(DiskJob.sync, file)
    })
  }

  /** Whether there is room for a `store` or `retire`. */
  takes(job: DataJob): boolean {
    return this.#jobs.pending < MAX_DATA_JOBS - 1 && fits(job)
  }

  /**
   * write(2) from the start of the file, rename(2), and fsync(2), until one does not do all it
   * should. For what the thread `takes`.
   *
   * @returns undefined if the thread ended: nobody knows what it did.
   */
  store(job: DataJob): Promise<JobProgress | undefined> {
    return this.#doWithData(DiskJob.store, job)
  }

  /**
   * rename(2); and, if the new name is the only one of the file, ftruncate(2) to nothing: with the
   * next other job, or within some milliseconds. For what the thread `takes`.
   *
   * @returns as `store` does.
   */
  retire(job: DataJob): Promise<JobProgress | undefined> {
    return this.#doWithData(DiskJob.retire, job)
  }

  /** Ends the thread after what it was asked for. It takes nothing more. */
  close(): void {
    this.#isBroken = true
    if (this.#worker !== undefined) this.#jobs.submit(DiskJob.end, 0)
  }

  #doWithData(
    kind: typeof DiskJob.store | typeof DiskJob.retire,
    job: DataJob,
  ): Promise<JobProgress | undefined> {
    return new Promise((resolve) => {
      this.#await((result) => resolve(result && progress(result)))
      this.#jobs.submitWithData(kind, job)
    })
  }

  #await(settle: Settle): void {
    this.#worker ??= this.#start()
    this.#waiting.push(settle)
    if (!this.#isWatching) void this.#watch()
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
    for (const settle of this.#waiting.splice(0, count)) {
      const result = this.#jobs.result(this.#settled)
      this.#settled = (this.#settled + 1) | 0 // As the numbers of jobs, they wrap around.
      this.#averageMs += (result.durationMs - this.#averageMs) * WEIGHT
      settle(result)
    }
  }

  #start(): Worker {
    const data: DiskThreadData = {
      memory: this.#jobs.memory,
      layout: JOB_LAYOUT,
      kinds: DiskJob,
      rests: DiskRest,
    }
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: data })
    worker.unref()
    worker.once('error', () => undefined) // 'exit' follows, and the pool does what it did.
    worker.once('exit', () => this.#fail())
    return worker
  }

  #fail(): void {
    this.#isBroken = true
    this.#settle()
    for (const settle of this.#waiting.splice(0)) settle(undefined)
  }
}

function progress({ error, durationMs, isRenamed }: JobResult): JobProgress {
  return error === 0
    ? { durationMs, isRenamed }
    : { durationMs, isRenamed, error: systemError(error) }
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`${code}: disk thread`), { code, errno })
}
