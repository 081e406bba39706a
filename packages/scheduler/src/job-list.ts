import type { Job } from './job.ts'

/**
 * The jobs of one transport, in the order in which they are asked for an entry: by the age of the
 * message, as changed by preemption (S-45). The search begins at the current job; all before it are
 * blocked, which means that every destination they wait for is full (S-49, S-50).
 */
export class JobList<M, R> {
  #head: Job<M, R> | undefined
  #tail: Job<M, R> | undefined
  #turns = 0
  /** How often the blocked were released: all at once, by counting, so it costs nothing. */
  #releases = 0
  #version = 0
  /** Where the search for an entry begins. */
  current: Job<M, R> | undefined

  /** Changes whenever a job may have ceased to be blocked. */
  get version(): number {
    return this.#version
  }

  isBlocked(job: Job<M, R>): boolean {
    return job.blockedIn === this.#releases
  }

  block(job: Job<M, R>): void {
    job.blockedIn = this.#releases
    job.tagDestinations()
  }

  unblock(job: Job<M, R>): void {
    job.blockedIn = -1
    this.#version += 1
    this.current = this.#head
  }

  releaseBlocked(): void {
    this.#releases += 1
    this.#version += 1
    this.current = this.#head
  }

  /** Puts a job behind the last that is not younger and does not preempt. */
  insert(job: Job<M, R>): void {
    let isInFront = this.current === undefined
    let place = this.#tail
    while (place !== undefined && ((place.stack?.level ?? 0) > 0 || isYounger(place, job))) {
      if (place === this.current) isInFront = true
      place = place.before
    }
    this.#turns += 1
    job.turn = this.#turns
    job.blockedIn = -1
    job.moved = false
    job.listed = true
    this.#link(job, place)
    if (isInFront) this.current = job
  }

  remove(job: Job<M, R>): void {
    if (this.current === job) this.current = job.after
    this.#unlink(job)
    job.listed = false
  }

  /** Puts a job directly in front of one that it preempts, and begins the search there. */
  moveInFront(job: Job<M, R>, of: Job<M, R>): void {
    this.#unlink(job)
    this.#link(job, of.before)
    job.moved = true
    this.current = job
  }

  /** Whether a job comes before another; both are at the current job or behind it. */
  precedes(one: Job<M, R>, other: Job<M, R>): boolean {
    if (!one.moved && !other.moved) return isBefore(one, other)
    let job = this.current
    while (job !== undefined && job !== one && job !== other) job = job.after
    return job === one
  }

  #link(job: Job<M, R>, before: Job<M, R> | undefined): void {
    const after = before === undefined ? this.#head : before.after
    job.before = before
    job.after = after
    if (before === undefined) this.#head = job
    else before.after = job
    if (after === undefined) this.#tail = job
    else after.before = job
  }

  #unlink(job: Job<M, R>): void {
    if (job.before === undefined) this.#head = job.after
    else job.before.after = job.after
    if (job.after === undefined) this.#tail = job.before
    else job.after.before = job.before
    job.before = job.after = undefined
  }
}

/** Whether a job is before another when neither was moved. */
export function isBefore<M, R>(one: Job<M, R>, other: Job<M, R>): boolean {
  const { activatedSec } = one.activation
  if (activatedSec !== other.activation.activatedSec) return isYounger(other, one)
  return one.turn < other.turn
}

function isYounger<M, R>(one: Job<M, R>, other: Job<M, R>): boolean {
  return one.activation.activatedSec > other.activation.activatedSec
}
