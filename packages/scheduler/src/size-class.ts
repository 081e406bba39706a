import type { Job } from './job.ts'
import { isBefore, type JobList } from './job-list.ts'

/**
 * Untouched jobs of one size, in the order of the job list. Of these the oldest that is not blocked
 * has the best score, at any time.
 */
export class SizeClass<M, R> {
  /** The most entries that each of them can come to. */
  readonly size: number
  readonly #list: JobList<M, R>
  #oldest: Job<M, R> | undefined
  #youngest: Job<M, R> | undefined
  /** Everything older is blocked, as long as the list has this version. */
  #cursor: Job<M, R> | undefined
  #version = -1

  constructor(size: number, list: JobList<M, R>) {
    this.size = size
    this.#list = list
  }

  get isEmpty(): boolean {
    return this.#oldest === undefined
  }

  add(job: Job<M, R>): void {
    let older = this.#youngest
    while (older !== undefined && isBefore(job, older)) older = older.olderOfSize
    const younger = older === undefined ? this.#oldest : older.youngerOfSize
    job.olderOfSize = older
    job.youngerOfSize = younger
    if (older === undefined) this.#oldest = job
    else older.youngerOfSize = job
    if (younger === undefined) this.#youngest = job
    else younger.olderOfSize = job
    job.sizeClass = this
    if (younger !== undefined || this.#cursor === undefined) this.#cursor = this.#oldest
  }

  remove(job: Job<M, R>): void {
    const { olderOfSize: older, youngerOfSize: younger } = job
    if (older === undefined) this.#oldest = younger
    else older.youngerOfSize = younger
    if (younger === undefined) this.#youngest = older
    else younger.olderOfSize = older
    if (this.#cursor === job) this.#cursor = younger
    job.olderOfSize = job.youngerOfSize = job.sizeClass = undefined
  }

  first(): Job<M, R> | undefined {
    if (this.#version !== this.#list.version) {
      this.#version = this.#list.version
      this.#cursor = this.#oldest
    }
    while (this.#cursor !== undefined && this.#list.isBlocked(this.#cursor)) {
      this.#cursor = this.#cursor.youngerOfSize
    }
    return this.#cursor
  }
}
