/** What a disk thread can be asked for. */
export const DiskJob = { sync: 1, empty: 2, end: 3 } as const
export type DiskJobKind = (typeof DiskJob)[keyof typeof DiskJob]

/** Jobs that may wait for a disk thread at a time. */
export const MAX_JOBS = 256

const SUBMITTED = 0
const DONE = 1
const FIRST_JOB = 2
const WORDS_PER_JOB = 3 // Kind, and later the error; the file; how long it took.

/**
 * Jobs of a disk thread in memory that it shares with the one that asks. Jobs are numbered from 0,
 * and are done in that order. Where nobody sleeps, neither handing over a job nor its end needs a
 * system call.
 */
export class DiskJobs {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory?: SharedArrayBuffer) {
    const bytes = (FIRST_JOB + MAX_JOBS * WORDS_PER_JOB) * Int32Array.BYTES_PER_ELEMENT
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

  /** What a job is; it must have been handed over. */
  read(number: number): { readonly kind: number; readonly file: number } {
    const at = wordOf(number)
    return { kind: this.#words[at]!, file: this.#words[at + 1]! }
  }

  /** For the disk thread: sleeps until there are more jobs than `known`. */
  waitForMore(known: number): void {
    // It may be woken for a job that it has done by then.
    while (this.submitted === known) Atomics.wait(this.#words, SUBMITTED, known)
  }

  /** For the disk thread: the next job is done. @param error 0, or the number of a system error. */
  finish(error: number, microseconds: number): void {
    const number = this.done
    const at = wordOf(number)
    this.#words[at] = error
    this.#words[at + 2] = microseconds
    Atomics.store(this.#words, DONE, number + 1)
    Atomics.notify(this.#words, DONE)
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
  return FIRST_JOB + (number & (MAX_JOBS - 1)) * WORDS_PER_JOB
}
