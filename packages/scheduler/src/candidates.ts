import type { Job } from './job.ts'
import type { JobList } from './job-list.ts'
import { SizeClass } from './size-class.ts'

// Bounds what the list of changes keeps of jobs that are over.
const MAX_CHANGED = 1000

/**
 * Finds the job that deserves most to preempt: the one with the highest (age + 1) / size (S-52).
 *
 * Postfix looks at every job and remembers the result for a second. Here jobs that nobody touched,
 * which are nearly all, wait in classes of equal size, and only the first of each is looked at.
 */
export class Candidates<M, R> {
  readonly #list: JobList<M, R>
  readonly #classes = new Map<number, SizeClass<M, R>>()
  /** Jobs that were selected from or moved. */
  readonly #touched = new Set<Job<M, R>>()
  /** Jobs whose size changed since the last search; some may have left the list. */
  readonly #changed: Job<M, R>[] = []

  constructor(list: JobList<M, R>) {
    this.#list = list
  }

  /** The job is new in the list, or its size changed, or it was selected from or moved. */
  update(job: Job<M, R>): void {
    if (job.isChanged) return
    job.isChanged = true
    this.#changed.push(job)
    if (this.#changed.length >= MAX_CHANGED) this.#sortChanged()
  }

  remove(job: Job<M, R>): void {
    this.#touched.delete(job)
    this.#leaveClass(job)
  }

  /** The best that could preempt `current` and needs no more than `budget` entries. */
  best(current: Job<M, R>, budget: number, nowMs: number): Job<M, R> | undefined {
    this.#sortChanged()
    const nowSec = Math.floor(nowMs / 1000)
    let best: Job<M, R> | undefined
    for (const jobs of this.#classes.values()) {
      const job = jobs.size > 0 && jobs.size <= budget ? jobs.first() : undefined
      if (job !== undefined) best = this.#better(best, job, nowSec)
    }
    for (const job of this.#touched) {
      if (job === current || job.stack?.isPreempted || this.#list.isBlocked(job)) continue
      if (job.needed > 0 && job.needed <= budget) best = this.#better(best, job, nowSec)
    }
    return best
  }

  #better(best: Job<M, R> | undefined, job: Job<M, R>, nowSec: number): Job<M, R> {
    if (best === undefined) return job
    const score = (nowSec - job.activation.activatedSec + 1) * best.most
    const other = (nowSec - best.activation.activatedSec + 1) * job.most
    return score > other || (score === other && this.#list.precedes(job, best)) ? job : best
  }

  #sortChanged(): void {
    for (const job of this.#changed) {
      job.isChanged = false
      if (job.listed) this.#sort(job)
    }
    this.#changed.length = 0
  }

  #sort(job: Job<M, R>): void {
    const isTouched = job.selected > 0 || job.moved
    const size = isTouched ? undefined : job.most
    if (size !== undefined && job.sizeClass?.size === size) return
    this.#leaveClass(job)
    if (size === undefined) {
      this.#touched.add(job)
      return
    }
    this.#touched.delete(job)
    let jobs = this.#classes.get(size)
    if (jobs === undefined) {
      jobs = new SizeClass(size, this.#list)
      this.#classes.set(size, jobs)
    }
    jobs.add(job)
  }

  #leaveClass(job: Job<M, R>): void {
    const { sizeClass } = job
    if (sizeClass === undefined) return
    sizeClass.remove(job)
    if (sizeClass.isEmpty) this.#classes.delete(sizeClass.size)
  }
}
