import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import {
  type DataJob,
  DiskJob,
  DiskJobs,
  DiskRest,
  JOB_LAYOUT,
  MAX_DATA_JOBS,
  MAX_JOBS,
} from './disk-jobs.ts'
import { DiskThread } from './disk-thread.ts'
import { type DiskCalls, type DiskThreadData, runDiskThread } from './disk-thread-main.ts'
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
  const file = fs.openSync(pathOf(name), 'w+')
  fs.writeSync(file, text)
  return file
}

function pathOf(name: string): string {
  return join(directory, name)
}

function renaming(file: number, content: readonly string[] = []): DataJob {
  const buffers = content.map((text) => Buffer.from(text))
  return { file, content: buffers, from: pathOf('a'), to: pathOf('b ü') }
}

describe('DiskThread', () => {
  it('syncs files, and tells how long it took', async () => {
    const file = open('a', 'text')
    expect(await thread.sync(file)).toBeGreaterThan(0)
    fs.closeSync(file)
  })

  it('stores a file: writes it from the start, and gives it its new name', async () => {
    const file = open('a', 'text')
    const progress = await thread.store(renaming(file, ['con', 'te', '', 'nt']))
    expect(progress).toEqual({ durationMs: expect.any(Number), isRenamed: true })
    expect(fs.readFileSync(pathOf('b ü'), 'latin1')).toBe('content')
    expect(fs.existsSync(pathOf('a'))).toBe(false)

    const again = { ...renaming(file, ['more']), from: pathOf('b ü'), to: pathOf('c') }
    expect(await thread.store(again)).toMatchObject({ isRenamed: true })
    expect(fs.readFileSync(pathOf('c'), 'latin1')).toBe('moreent')
    fs.closeSync(file)
  })

  it('stores nothing under a new name that cannot be given', async () => {
    const file = open('a', '')
    const job = { ...renaming(file, ['content']), to: pathOf('missing/b') }
    expect(await thread.store(job)).toMatchObject({ isRenamed: false, error: { code: 'ENOENT' } })
    expect(fs.existsSync(pathOf('a'))).toBe(true)
    fs.closeSync(file)
  })

  it('retires a file: gives it its new name, and empties it', async () => {
    const file = open('a', 'text')
    expect(await thread.retire(renaming(file))).toMatchObject({ isRenamed: true })
    expect(fs.statSync(pathOf('b ü')).size).toBe(0)
    fs.closeSync(file)
  })

  it('does what nobody hurries for, and tells of it, whether it sleeps or is awake', async () => {
    const file = open('a', 'text')
    const away = { file, content: [], from: pathOf('a'), to: pathOf('b') }
    const back = { ...away, from: away.to, to: away.from }
    for (let round = 0; round < 30; round++) {
      await thread.sync(file)
      expect(await thread.retire(away)).toMatchObject({ isRenamed: true })
      while (thread.isAwake) await nextTurn()
      const retired = thread.retire(back)
      const synced = thread.sync(file)
      expect(await retired).toMatchObject({ isRenamed: true })
      expect(await synced).toBeGreaterThan(0)
    }
    fs.closeSync(file)
  })

  it('does not empty a file with a second name, nor another in its place', async () => {
    const file = open('a', 'text')
    fs.linkSync(pathOf('a'), pathOf('backup'))
    const retired = await thread.retire(renaming(file))
    expect(retired).toMatchObject({ isRenamed: true, error: { code: 'EIO' } })
    expect(fs.readFileSync(pathOf('backup'), 'latin1')).toBe('text')

    fs.closeSync(open('a', 'other'))
    expect(await thread.retire(renaming(file))).toMatchObject({ isRenamed: true, error: {} })
    expect(fs.readFileSync(pathOf('b ü'), 'latin1')).toBe('other')
    expect(fs.readFileSync(pathOf('backup'), 'latin1')).toBe('text')
    fs.closeSync(file)
  })

  it('keeps the data of jobs apart, and takes no more of them than it has room for', async () => {
    const names = Array.from({ length: 3 * MAX_DATA_JOBS }, (_, at) => `${at}`)
    const stored = names.map(async (name) => {
      const file = open(name, '')
      const content = [Buffer.from(name.repeat(1000))]
      const job = { file, content, from: pathOf(name), to: pathOf(`to ${name}`) }
      const isTaken = thread.takes(job)
      if (isTaken) await thread.store(job)
      fs.closeSync(file)
      return isTaken
    })
    const taken = (await Promise.all(stored)).filter((isTaken) => isTaken)
    expect(taken).toHaveLength(MAX_DATA_JOBS - 1)
    for (const name of names.slice(0, taken.length)) {
      expect(fs.readFileSync(pathOf(`to ${name}`), 'latin1')).toBe(name.repeat(1000))
    }
  })

  it('takes data of 64 KB, names included at three bytes a character', () => {
    const job = renaming(0)
    const room = JOB_LAYOUT.dataBytesPerJob - 3 * (job.from.length + job.to.length)
    expect(thread.takes({ ...job, content: [Buffer.alloc(room)] })).toBe(true)
    expect(thread.takes({ ...job, content: [Buffer.alloc(room), Buffer.alloc(1)] })).toBe(false)
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
    const last = thread.retire(renaming(file))
    thread.close()
    expect(thread.delayMs).toBe(Number.POSITIVE_INFINITY)
    expect(await last).toMatchObject({ isRenamed: true })
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

  it('gives what nobody hurries for to a thread that is awake, and begins none for it', async () => {
    const file = open('a', 'text')
    const threads = new DiskThreads()
    const first = threads.next
    await first.sync(file)
    while (first.isAwake) await nextTurn()
    expect(threads.awake).toBe(first)
    const busy = Array.from({ length: MAX_JOBS - 1 }, () => first.sync(file))
    const second = threads.next
    const others = Array.from({ length: 3 }, () => second.sync(file))
    expect(threads.awake).toBe(second)
    await Promise.all([...busy, ...others])
    threads.close()
    fs.closeSync(file)
  })
})

describe('runDiskThread', () => {
  function callsThat(overrides: Partial<DiskCalls>): DiskCalls {
    return { ...fs, ...overrides }
  }

  function dataOf({ memory }: DiskJobs): DiskThreadData {
    const bell = new SharedArrayBuffer(4)
    return { memory, bell, layout: JOB_LAYOUT, kinds: DiskJob, rests: DiskRest }
  }

  it('goes on where 32 bits end, and tells each job how it went', () => {
    const { memory } = new DiskJobs()
    new Int32Array(memory, 0, FIRST_NUMBERS).fill(2 ** 31 - 2)
    const jobs = new DiskJobs(memory)
    const numbers = [2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]
    for (const [file, number] of numbers.entries()) {
      expect(jobs.submitted).toBe(number)
      jobs.submit(DiskJob.sync, file)
    }
    jobs.submit(DiskJob.end, 0)

    const done: number[] = []
    const fsyncSync = (file: number): void => {
      done.push(file)
      if (file === 1) throw new Error('broken')
      if (file === 3) throw Object.assign(new Error('broken'), { errno: -28 })
    }
    runDiskThread(callsThat({ fsyncSync }), dataOf(jobs))
    expect(done).toEqual([0, 1, 2, 3])
    expect(numbers.map((number) => jobs.result(number).error)).toEqual([0, -5, 0, -28])
    expect(jobs.done).toBe(jobs.submitted)
  })

  it('does not rename what it could not write whole, and tells of a rename that is not synced', () => {
    const jobs = new DiskJobs()
    const renamed: string[] = []
    const calls = callsThat({
      writeSync: (_: number, bytes: unknown, start: unknown, length: unknown) => {
        const text = (bytes as Buffer).toString('latin1', Number(start), Number(start) + 4)
        return text === 'full' ? Number(length) - 1 : Number(length)
      },
      renameSync: (from) => void renamed.push(String(from)),
      fsyncSync: () => {
        throw Object.assign(new Error('broken'), { errno: -5 })
      },
    })
    const job = { file: 1, from: 'a', to: 'b' }
    jobs.submitWithData(DiskJob.store, { ...job, content: [Buffer.from('full disk')] })
    jobs.submitWithData(DiskJob.store, { ...job, from: 'c', content: [Buffer.from('text')] })
    jobs.submit(DiskJob.end, 0)
    runDiskThread(calls, dataOf(jobs))
    expect(jobs.result(0)).toMatchObject({ error: -5, isRenamed: false })
    expect(jobs.result(1)).toMatchObject({ error: -5, isRenamed: true })
    expect(renamed).toEqual(['c'])
  })
})
