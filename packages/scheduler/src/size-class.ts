import type { Job } from './job.ts'
import { isBefore, type JobList } from './job-list.ts'

interface Place<M, R> {
  readonly job: Job<M, R>
  older: Place<M, R> | undefined
  younger: Place<M, R> | undefined
}

/**
 * Untouched jobs of one size, in the order of the job list. Of these the oldest that is not blocked
 * has the best score, at any time.
 */
export class SizeClass<M, R> {
  readonly #list: JobList<M, R>
  readonly #places = new Map<Job<M, R>, Place<M, R>>()
  #oldest: Place<M, R> | undefined
  #youngest: Place<M, R> | undefined
  /** Everything older is blocked, as long as the list has this version. */
  #cursor: Place<M, R> | undefined
  #version = -1

  constructor(list: JobList<M, R>) {
    this.#list = list
  }

  get size(): number {
    return this.#places.size
  }

  add(job: Job<M, R>): void {
    let older = this.#youngest
    while (older !== undefined && isBefore(job, older.job)) older = older.older
    const younger = older === undefined ? this.#oldest : older.younger
    const place = { job, older, younger }
    if (older === undefined) this.#oldest = place
    else older.younger = place
    if (younger === undefined) this.#youngest = place
    else younger.older = place
    this.#places.set(job, place)
    if (younger !== undefined || this.#cursor === undefined) this.#cursor = this.#oldest
  }

  remove(job: Job<M, R>): void {
    const place = this.#places.get(job)
    if (place === undefined) return
    const { older, younger } = place
    if (older === undefined) this.#oldest = younger
    else older.younger = younger
    if (younger === undefined) this.#youngest = older
    else younger.older = older
    if (this.#cursor === place) this.#cursor = younger
    this.#places.delete(job)
  }

  first(): Job<M, R> | undefined {
    if (this.#version !== this.#list.version) {
      this.#version = this.#list.version
      this.#cursor = this.#oldest
    }
    while (this.#cursor !== undefined && this.#list.isBlocked(this.#cursor.job)) {
      this.#cursor = this.#cursor.younger
    }
    return this.#cursor?.job
  }
}
