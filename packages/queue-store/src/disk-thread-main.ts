import type { DiskJob, JobLayout } from './disk-jobs.ts'

/** What a disk thread is given. */
export interface DiskThreadData {
  /** Shared memory, as `DiskJobs` has it. */
  readonly memory: SharedArrayBuffer
  readonly layout: JobLayout
  readonly kinds: typeof DiskJob
}

/**
 * What runs in a disk thread: does the jobs that it is handed, one after the other, until the end.
 *
 * The text of this function is the whole program of the thread, so it knows nothing but its
 * parameters. Were it a module, each thread would load what loads modules and, in a checkout, what
 * strips their types: 12 MB more for each.
 */
export function runDiskThread(
  { fsyncSync, ftruncateSync }: Pick<typeof import('node:fs'), 'fsyncSync' | 'ftruncateSync'>,
  { memory, layout, kinds }: DiskThreadData,
): void {
  const { submitted, done, firstJob, wordsPerJob, maxJobs } = layout
  const unknownError = -5 // EIO
  const words = new Int32Array(memory)

  const run = (kind: number, file: number): number => {
    try {
      if (kind === kinds.sync) fsyncSync(file)
      else if (kind === kinds.empty) ftruncateSync(file, 0)
      return 0
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? unknownError
    }
  }

  for (let next = Atomics.load(words, done), isEnd = false; !isEnd; next = (next + 1) | 0) {
    // It may be woken for a job that it has done by then.
    while (Atomics.load(words, submitted) === next) Atomics.wait(words, submitted, next)
    const at = firstJob + (next & (maxJobs - 1)) * wordsPerJob
    isEnd = words[at] === kinds.end
    const startMs = performance.now()
    words[at] = run(words[at]!, words[at + 1]!)
    words[at + 2] = (performance.now() - startMs) * 1000
    Atomics.store(words, done, next + 1)
    Atomics.notify(words, done)
  }
}
