import type { DiskJob, DiskRest, JobLayout } from './disk-jobs.ts'

type DiskCall =
  | 'fsyncSync'
  | 'writeSync'
  | 'renameSync'
  | 'lstatSync'
  | 'fstatSync'
  | 'ftruncateSync'

/** What a disk thread calls. */
export type DiskCalls = Pick<typeof import('node:fs'), DiskCall>

/** What a disk thread is given. */
export interface DiskThreadData {
  /** Shared memory, as `DiskJobs` has it. */
  readonly memory: SharedArrayBuffer
  /** Shared memory, as `DiskBell` has it. */
  readonly bell: SharedArrayBuffer
  readonly layout: JobLayout
  readonly kinds: typeof DiskJob
  readonly rests: typeof DiskRest
}

/**
 * What runs in a disk thread: does the jobs that it is handed, one after the other, until the end.
 *
 * The text of this function is the whole program of the thread, so it knows nothing but its
 * parameters. Were it a module, each thread would load what loads modules and, in a checkout, what
 * strips their types: 12 MB more for each.
 */
export function runDiskThread(
  fs: DiskCalls,
  { memory, bell, layout, kinds, rests }: DiskThreadData,
): void {
  const { submitted, done, rest, firstJob, wordsPerJob, maxJobs } = layout
  const { firstDataByte, dataBytesPerJob, maxDataJobs } = layout
  const unknownError = -5 // EIO
  const dozeMs = 1
  let isTold = true // Of the ends of all jobs that are done.
  const words = new Int32Array(memory, 0, firstDataByte / Int32Array.BYTES_PER_ELEMENT)
  const rings = new Int32Array(bell)
  const bytes = Buffer.from(memory)

  const write = (file: number, start: number, length: number): void => {
    if (fs.writeSync(file, bytes, start, length, 0) < length) throw new Error('disk full')
  }

  const rename = (at: number, start: number): string => {
    const toStart = start + words[at + 5]!
    const to = bytes.toString('utf8', toStart, toStart + words[at + 6]!)
    fs.renameSync(bytes.toString('utf8', start, toStart), to)
    words[at + 3] = 1
    return to
  }

  const expectSameFile = (file: number, name: string): void => {
    const named = fs.lstatSync(name, { bigint: true })
    const isSame = named.nlink === 1n && named.ino === fs.fstatSync(file, { bigint: true }).ino
    if (!isSame) throw new Error('expected the file, alone')
  }

  const runWithData = (number: number, at: number, file: number): void => {
    const start = firstDataByte + (number & (maxDataJobs - 1)) * dataBytesPerJob
    const length = words[at + 4]!
    if (words[at] === kinds.store) {
      write(file, start, length)
      rename(at, start + length)
      fs.fsyncSync(file)
    } else {
      expectSameFile(file, rename(at, start + length))
      fs.ftruncateSync(file, 0)
    }
  }

  const run = (number: number, at: number): number => {
    const kind = words[at]
    const file = words[at + 1]!
    try {
      if (kind === kinds.sync) fs.fsyncSync(file)
      else if (kind !== kinds.end) runWithData(number, at, file)
      return 0
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? unknownError
    }
  }

  const tell = (): void => {
    Atomics.add(rings, 0, 1)
    Atomics.notify(rings, 0)
    isTold = true
  }

  const restUntilSubmitted = (next: number): void => {
    Atomics.store(words, rest, rests.doze)
    if (Atomics.wait(words, submitted, next, dozeMs) === 'timed-out') {
      if (!isTold) tell()
      Atomics.store(words, rest, rests.sleep)
      Atomics.wait(words, submitted, next)
    }
    Atomics.store(words, rest, rests.none)
  }

  Atomics.store(words, rest, rests.none)
  for (let next = Atomics.load(words, done), isEnd = false; !isEnd; next = (next + 1) | 0) {
    // It may be woken for a job that it has done by then.
    while (Atomics.load(words, submitted) === next) restUntilSubmitted(next)
    const at = firstJob + (next & (maxJobs - 1)) * wordsPerJob
    const kind = words[at]
    isEnd = kind === kinds.end
    const startMs = performance.now()
    words[at] = run(next, at)
    words[at + 2] = (performance.now() - startMs) * 1000
    Atomics.store(words, done, next + 1)
    isTold = false
    if (kind !== kinds.retire) tell()
  }
}
