import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { DiskJob, DiskJobs, JOB_LAYOUT, MAX_JOBS } from './disk-jobs.ts'
import { DiskThread } from './disk-thread.ts'
import { runDiskThread } from './disk-thread-main.ts'
import { DiskThreads } from './disk-threads.ts'

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

describe('DiskThreads', () => {
  it('leaves the first thread alone when it has more to do than the others', async () => {
    const file = open('a', 'text')
    const threads = new DiskThreads()
    await threads.next.sync(file)
    const first = threads.next
    await first.sync(file)
    const busy = Array.from({ length: MAX_JOBS - 1 }, () => first.sync(file))
    const second = threads.next
    expect(second).not.toBe(first)
    expect(await second.sync(file)).toBeGreaterThan(0)
    await Promise.all(busy)
    expect(threads.next).toBe(first)
    threads.close()
    expect(threads.next.delayMs).toBe(Number.POSITIVE_INFINITY)
    fs.closeSync(file)
  })
})

describe('runDiskThread', () => {
  it('goes on where 32 bits end, and tells each job how it went', () => {
    const { memory } = new DiskJobs()
    new Int32Array(memory, 0, FIRST_NUMBERS).fill(2 ** 31 - 2)
    const jobs = new DiskJobs(memory)
    const numbers = [2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]
    for (const [file, number] of numbers.entries()) {
      expect(jobs.submitted).toBe(number)
      jobs.submit(file % 2 === 0 ? DiskJob.sync : DiskJob.empty, file)
    }
    jobs.submit(DiskJob.end, 0)

    const done: string[] = []
    const files = {
      fsyncSync: (file: number) => void done.push(`sync ${file}`),
      ftruncateSync: (file: number) => {
        done.push(`empty ${file}`)
        throw Object.assign(new Error('broken'), file === 3 ? { errno: -28 } : {})
      },
    }
    runDiskThread(files, { memory, layout: JOB_LAYOUT, kinds: DiskJob })
    expect(done).toEqual(['sync 0', 'empty 1', 'sync 2', 'empty 3'])
    expect(numbers.map((number) => jobs.result(number).error)).toEqual([0, -5, 0, -28])
    expect(jobs.done).toBe(jobs.submitted)
  })
})
