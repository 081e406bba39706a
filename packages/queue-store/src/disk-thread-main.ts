// What runs in a disk thread: does the jobs that it is handed, one after the other, until the end.
import { fsyncSync, ftruncateSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

import { DiskJob, DiskJobs } from './disk-jobs.ts'

const UNKNOWN_ERROR = -5 // EIO

const jobs = new DiskJobs(workerData)
for (let next = 0, isEnd = false; !isEnd; next = (next + 1) | 0) {
  jobs.waitForMore(next)
  const { kind, file } = jobs.read(next)
  isEnd = kind === DiskJob.end
  const startMs = performance.now()
  const error = run(kind, file)
  jobs.finish(error, (performance.now() - startMs) * 1000)
}

function run(kind: number, file: number): number {
  try {
    if (kind === DiskJob.sync) fsyncSync(file)
    else if (kind === DiskJob.empty) ftruncateSync(file, 0)
    return 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? UNKNOWN_ERROR
  }
}
