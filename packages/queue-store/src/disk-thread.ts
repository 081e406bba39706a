import { getSystemErrorName } from 'node:util'
import { Worker } from 'node:worker_threads'

import { DiskBell } from './disk-bell.ts'
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
type Settle = (progress: JobProgress | undefined) => void

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
  readonly #bell: DiskBell
  readonly #jobs = new DiskJobs()
  readonly #waiting: Settle[] = []
  #worker: Worker | undefined
  #settled = 0 // The number of the first job in `#waiting`.
  #averageMs = 0
  #isBroken = false

  /** @param bell Of several threads, or of this one alone. */
  constructor(bell: DiskBell = new DiskBell()) {
    this.#bell = bell
    bell.add(this)
  }

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
  async sync(file: number): Promise<number | undefined> {
    const done = this.#nextDone()
    this.#jobs.submit(DiskJob.sync, file)
    const progress = await done
    if (progress?.error !== undefined) throw progress.error
    return progress?.durationMs
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
    const done = this.#nextDone()
    this.#jobs.submitWithData(DiskJob.store, job)
    return done
  }

  /**
   * rename(2); and, if the new name is the only one of the file, ftruncate(2) to nothing: with the
   * next other job, or within some milliseconds. For what the thread `takes`.
   *
   * @returns as `store` does.
   */
  retire(job: DataJob): Promise<JobProgress | undefined> {
    const done = this.#nextDone()
    this.#jobs.submitWithData(DiskJob.retire, job)
    return done
  }

  /** Ends the thread after what it was asked for. It takes nothing more. */
  close(): void {
    this.#isBroken = true
    if (this.#worker !== undefined) this.#jobs.submit(DiskJob.end, 0)
  }

  /** Has those who wait for jobs that are done know it. @returns whether others wait */
  settle(): boolean {
    const { done } = this.#jobs
    const wasWaiting = this.#waiting.length > 0
    while (this.#settled !== done && this.#waiting.length > 0) {
      const result = this.#jobs.result(this.#settled)
      this.#settled = (this.#settled + 1) | 0 // As the numbers of jobs, they wrap around.
      this.#averageMs += (result.durationMs - this.#averageMs) * WEIGHT
      this.#waiting.shift()!(progress(result))
    }
    if (wasWaiting && this.#waiting.length === 0) this.#worker?.unref()
    return this.#waiting.length > 0
  }

  /** What will become of the job that is handed over next. */
  #nextDone(): Promise<JobProgress | undefined> {
    this.#worker ??= this.#start()
    // Who waits for the disk is not to see the process end.
    if (this.#waiting.length === 0) this.#worker.ref()
    const done = new Promise<JobProgress | undefined>((resolve) => this.#waiting.push(resolve))
    this.#bell.watch()
    return done
  }

  #start(): Worker {
    const data: DiskThreadData = {
      memory: this.#jobs.memory,
      bell: this.#bell.memory,
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
    this.settle()
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
