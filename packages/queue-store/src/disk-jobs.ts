import { writePlain } from './record-writer.ts'

/** What a disk thread can be asked for. */
export const DiskJob = { sync: 1, store: 2, retire: 3, end: 4 } as const
export type DiskJobKind = (typeof DiskJob)[keyof typeof DiskJob]

/** How a disk thread waits for jobs: not at all, for a moment, or until it is woken. */
export const DiskRest = { none: 0, doze: 1, sleep: 2 } as const

/** Jobs that may wait for a disk thread at a time. */
export const MAX_JOBS = 256
/** Fewer than this may wait for one that comes with data. */
export const MAX_DATA_JOBS = 16

const WORDS_PER_JOB = 7
const FIRST_JOB = 3
const WORDS = FIRST_JOB + MAX_JOBS * WORDS_PER_JOB
const DATA_BYTES_PER_JOB = 64 * 1024

/** Where things are in the shared memory, in words where it does not say bytes. */
export interface JobLayout {
  /** How many jobs were handed over since the start. */
  readonly submitted: number
  /** How many of them are done. */
  readonly done: number
  /** A `DiskRest`. */
  readonly rest: number
  readonly firstJob: number
  /**
   * Kind, and later the error; the file; how long it took, in microseconds. Of a job with data
   * also whether the file has its new name, and the lengths of content, old and new name in bytes.
   */
  readonly wordsPerJob: number
  readonly maxJobs: number
  /** Content, old and new name. */
  readonly firstDataByte: number
  readonly dataBytesPerJob: number
  readonly maxDataJobs: number
}

export const JOB_LAYOUT: JobLayout = {
  submitted: 0,
  done: 1,
  rest: 2,
  firstJob: FIRST_JOB,
  wordsPerJob: WORDS_PER_JOB,
  maxJobs: MAX_JOBS,
  firstDataByte: WORDS * Int32Array.BYTES_PER_ELEMENT,
  dataBytesPerJob: DATA_BYTES_PER_JOB,
  maxDataJobs: MAX_DATA_JOBS,
}
const { submitted: SUBMITTED, done: DONE, rest: REST, firstDataByte: FIRST_DATA_BYTE } = JOB_LAYOUT

/** A job that gives a file a new name. */
export interface DataJob {
  readonly file: number
  /** What to write first; may be nothing. */
  readonly content: readonly Uint8Array[]
  readonly from: string
  readonly to: string
}

/** What became of a job. */
export interface JobResult {
  /** The number of the system's error, negative; 0 for none. */
  readonly error: number
  readonly durationMs: number
  /** Of a job with data: the file has its new name. */
  readonly isRenamed: boolean
}

/**
 * Jobs of a disk thread in memory that it shares with the one that asks. They are numbered from 0,
 * and done in that order: see `runDiskThread` for the other side. Where nobody sleeps, neither
 * handing over a job nor its end needs a system call. Nobody hurries for a `retire`: it is done,
 * and its end is told, with the next other job, or in a moment.
 */
export class DiskJobs {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #bytes: Buffer

  constructor(memory?: SharedArrayBuffer) {
    const bytes = FIRST_DATA_BYTE + MAX_DATA_JOBS * DATA_BYTES_PER_JOB
    this.memory = memory ?? new SharedArrayBuffer(bytes)
    this.#words = new Int32Array(this.memory, 0, WORDS)
    this.#words[REST] = DiskRest.sleep // Until it has begun.
    this.#bytes = Buffer.from(this.memory)
  }

  /** Jobs that were handed over since the start. */
  get submitted(): number {
    return Atomics.load(this.#words, SUBMITTED)
  }

  /** Those of them that are done. */
  get done(): number {
    return Atomics.load(this.#words, DONE)
  }

  /** Those of them that are not. */
  get pending(): number {
    return (this.submitted - this.done) >>> 0
  }

  /** Whether the thread comes to its next job without being woken, if not at once. */
  get isAwake(): boolean {
    return Atomics.load(this.#words, REST) !== DiskRest.sleep
  }

  /** Hands over the next job; there must be room for it. */
  submit(kind: DiskJobKind, file: number): void {
    const number = this.submitted
    const at = wordOf(number)
    this.#words[at] = kind
    this.#words[at + 1] = file
    Atomics.store(this.#words, SUBMITTED, number + 1)
    // Who is about to rest looks once more for jobs when he has said so.
    const rest = Atomics.load(this.#words, REST)
    const isUrgent = kind !== DiskJob.retire
    if (rest === DiskRest.sleep || (rest === DiskRest.doze && isUrgent)) {
      Atomics.notify(this.#words, SUBMITTED)
    }
  }

  /** Hands over a job with data that `fits`; there must be room for it. */
  submitWithData(kind: DiskJobKind, { file, content, from, to }: DataJob): void {
    const number = this.submitted
    const start = FIRST_DATA_BYTE + (number & (MAX_DATA_JOBS - 1)) * DATA_BYTES_PER_JOB
    let end = start
    for (const bytes of content) {
      this.#bytes.set(bytes, end)
      end += bytes.length
    }
    const at = wordOf(number)
    this.#words[at + 3] = 0
    this.#words[at + 4] = end - start
    const fromBytes = this.#writeName(from, end)
    this.#words[at + 5] = fromBytes
    this.#words[at + 6] = this.#writeName(to, end + fromBytes)
    this.submit(kind, file)
  }

  /** What became of a job that is done. */
  result(number: number): JobResult {
    const at = wordOf(number)
    return {
      error: this.#words[at]!,
      durationMs: this.#words[at + 2]! / 1000,
      isRenamed: this.#words[at + 3] === 1,
    }
  }

  /** @returns its bytes */
  #writeName(name: string, at: number): number {
    return writePlain(this.#bytes, at, name) ? name.length : this.#bytes.write(name, at)
  }
}

/** Whether there is room for the data of a job. */
export function fits({ content, from, to }: DataJob): boolean {
  let bytes = 3 * (from.length + to.length) // The most that UTF-8 takes.
  for (const { length } of content) bytes += length
  return bytes <= DATA_BYTES_PER_JOB
}

// Numbers wrap around from 2**31 - 1 to -2**31, both of which MAX_JOBS suits.
function wordOf(number: number): number {
  return FIRST_JOB + (number & (MAX_JOBS - 1)) * JOB_LAYOUT.wordsPerJob
}
