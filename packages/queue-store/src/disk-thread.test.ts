import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { DiskJob, DiskJobs, MAX_JOBS } from './disk-jobs.ts'
import { DiskThread } from './disk-thread.ts'

const FIRST_NUMBERS = 2 // Words of the memory: jobs handed over, jobs done.
const NO_FILE = 2 ** 31 - 1

let directory: string
let thread: DiskThread
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'disk-thread-'))
  thread = new DiskThread()
})
afterEach(() => {
  thread.close()
  fs.rmSync(directory, { recursive: true })
})

function open(name: string, text: string): number {
  const file = fs.openSync(join(directory, name), 'w+')
  fs.writeSync(file, text)
  return file
}

describe('DiskThread', () => {
  it('syncs files, tells how long it took, and empties them', async () => {
    const file = open('a', 'text')
    expect(await thread.sync(file)).toBeGreaterThan(0)
    expect(fs.fstatSync(file).size).toBe(4)
    expect(await thread.empty(file)).toBeGreaterThan(0)
    expect(fs.fstatSync(file).size).toBe(0)
    fs.closeSync(file)
  })

  it('gives each job its own result, more of them than it can hold at a time', async () => {
    const file = open('a', 'text')
    for (let round = 0; round < 3; round++) {
      const jobs = Array.from({ length: MAX_JOBS - 1 }, (_, at) =>
        thread.sync(at % 3 === 0 ? NO_FILE : file).then(
          () => 'done',
          (error) => error.code,
        ),
      )
      expect(thread.delayMs).toBe(Number.POSITIVE_INFINITY)
      const results = await Promise.all(jobs)
      expect(results.every((result, at) => result === (at % 3 === 0 ? 'EBADF' : 'done'))).toBe(true)
      expect(thread.delayMs).toBe(0)
    }
    fs.closeSync(file)
  })

  it('does what it was asked for before its end, and takes nothing after it', async () => {
    const file = open('a', 'text')
    const last = thread.empty(file)
    thread.close()
    expect(thread.delayMs).toBe(Number.POSITIVE_INFINITY)
    expect(await last).toBeGreaterThan(0)
    expect(fs.fstatSync(file).size).toBe(0)
    fs.closeSync(file)
  })
})

describe('DiskJobs', () => {
  it('numbers jobs on where 32 bits end', () => {
    const { memory } = new DiskJobs()
    new Int32Array(memory, 0, FIRST_NUMBERS).fill(2 ** 31 - 2)
    const jobs = new DiskJobs(memory)
    const numbers = [2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]
    for (const number of numbers) {
      expect(jobs.submitted).toBe(number)
      jobs.submit(DiskJob.sync, Math.abs(number % 1000))
    }
    for (const number of numbers) {
      expect(jobs.read(number)).toEqual({ kind: DiskJob.sync, file: Math.abs(number % 1000) })
    }
    for (const number of numbers) jobs.finish(number & 3, 7)
    for (const number of numbers) {
      expect(jobs.result(number)).toEqual({ error: number & 3, microseconds: 7 })
    }
    expect(jobs.done).toBe(jobs.submitted)
  })
})
