/** What a disk thread can be asked for. */
export const DiskJob = { sync: 1, empty: 2, end: 3 } as const
export type DiskJobKind = (typeof DiskJob)[keyof typeof DiskJob]

/** Jobs that may wait for a disk thread at a time. */
export const MAX_JOBS = 256

/** Where things are in the shared memory, in words. */
export interface JobLayout {
  /** How many jobs were handed over since the start. */
  readonly submitted: number
  /** How many of them are done. */
  readonly done: number
  readonly firstJob: number
  /** Kind, and later the error; the file; how long it took, in microseconds. */
  readonly wordsPerJob: number
  readonly maxJobs: number
}

export const JOB_LAYOUT: JobLayout = {
  submitted: 0,
  done: 1,
  firstJob: 2,
  wordsPerJob: 3,
  maxJobs: MAX_JOBS,
}
const { submitted: SUBMITTED, done: DONE, firstJob: FIRST_JOB } = JOB_LAYOUT

/**
 * Jobs of a disk thread in memory that it shares with the one that asks. They are numbered from 0,
 * and done in that order: see `runDiskThread` for the other side. Where nobody sleeps, neither
 * handing over a job nor its end needs a system call.
 */
export class DiskJobs {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory?: SharedArrayBuffer) {
    const bytes = (FIRST_JOB + MAX_JOBS * JOB_LAYOUT.wordsPerJob) * Int32Array.BYTES_PER_ELEMENT
    this.memory = memory ?? new SharedArrayBuffer(bytes)
    this.#words = new Int32Array(this.memory)
  }

  /** Jobs that were handed over since the start. */
  get submitted(): number {
    return Atomics.load(this.#words, SUBMITTED)
  }

  /** Those of them that are done. */
  get done(): number {
    return Atomics.load(this.#words, DONE)
  }

  /** Hands over the next job; there must be room for it. */
  submit(kind: DiskJobKind, file: number): void {
    const number = this.submitted
    const at = wordOf(number)
    this.#words[at] = kind
    this.#words[at + 1] = file
    Atomics.store(this.#words, SUBMITTED, number + 1)
    Atomics.notify(this.#words, SUBMITTED)
  }

  /** What became of a job that is done. */
  result(number: number): { readonly error: number; readonly microseconds: number } {
    const at = wordOf(number)
    return { error: this.#words[at]!, microseconds: this.#words[at + 2]! }
  }

  /** Resolves once more jobs than `known` are done. */
  async moreDone(known: number): Promise<void> {
    const { value } = Atomics.waitAsync(this.#words, DONE, known)
    await value
  }
}

// Numbers wrap around from 2**31 - 1 to -2**31, both of which MAX_JOBS suits.
function wordOf(number: number): number {
  return FIRST_JOB + (number & (MAX_JOBS - 1)) * JOB_LAYOUT.wordsPerJob
}
