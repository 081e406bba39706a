import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { nodeFileSystem } from './node-file-system.ts'
import { QueuePaths } from './queue-path.ts'
import { QueueWatch, type QueueWatchOptions, type WatchDirectory } from './queue-watch.ts'

const DISK = nodeFileSystem(() => 0)

let directory: string
let told: string[]
let open: QueueWatch[]

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'posthouse-'))
  for (const path of ['deferred/A/B', 'hold']) fs.mkdirSync(inQueue(path), { recursive: true })
  told = []
  open = []
})

afterEach(() => {
  for (const watch of open) watch.close()
  fs.rmSync(directory, { recursive: true })
})

async function watch(depth: number, more: Partial<QueueWatchOptions> = {}): Promise<QueueWatch> {
  const hashQueueNames = depth === 0 ? [] : ['deferred']
  const paths = new QueuePaths({ directory, hashQueueNames, hashQueueDepth: depth })
  const watch = await QueueWatch.open({
    files: DISK,
    directory: paths.queue('deferred'),
    depth,
    pathOf: (id) => paths.file('deferred', id),
    check: { directory, warn: (text) => told.push(text), now: () => 0 },
    listener: { changed: (id) => told.push(id), lost: () => told.push('lost') },
    ...more,
  })
  open.push(watch)
  return watch
}

function inQueue(path: string): string {
  return join(directory, path)
}

function make(path: string): void {
  fs.writeFileSync(inQueue(path), '', { mode: 0o700 })
}

/** Waits until exactly these were told of, each perhaps more than once, and begins anew. */
async function expectTold(...names: string[]): Promise<void> {
  await vi.waitFor(() => expect([...new Set(told)].toSorted()).toEqual(names.toSorted()))
  told.length = 0
}

describe.each([
  ['without hash directories', 0, 'deferred'],
  ['with hash directories of one level', 1, 'deferred/A'],
  ['with hash directories of two levels', 2, 'deferred/A/B'],
] as const)('QueueWatch, %s', (_, depth, parent) => {
  const id = 'BBBBA1'
  const other = 'BBBBA2'

  it('tells of files that are moved in and out, by anybody, made and removed', async () => {
    make(`hold/${id}`)
    await watch(depth)
    fs.renameSync(inQueue(`hold/${id}`), inQueue(`${parent}/${id}`))
    await expectTold(id)
    make(`${parent}/${other}`)
    await expectTold(other)
    fs.renameSync(inQueue(`${parent}/${id}`), inQueue(`hold/${id}`))
    fs.unlinkSync(inQueue(`${parent}/${other}`))
    await expectTold(id, other)
  })

  it('F-15, F-13: tells of another time and mode of a file', async () => {
    make(`${parent}/${id}`)
    make(`${parent}/${other}`)
    await watch(depth)
    fs.utimesSync(inQueue(`${parent}/${id}`), 1, 1)
    await expectTold(id)
    fs.chmodSync(inQueue(`${parent}/${other}`), 0o740)
    await expectTold(other)
  })

  it('knows itself to miss nothing while it tells of changes', async () => {
    const watching = await watch(depth)
    make(`${parent}/${id}`)
    await expectTold(id)
    expect(await watching.missedChanges()).toBe(false)
    expect(await watching.missedChanges()).toBe(false)
  })
})

it('finds what a scan would give', async () => {
  make('deferred/A/AAAAA1')
  fs.utimesSync(inQueue('deferred/A/AAAAA1'), 5, 5)
  fs.writeFileSync(inQueue('deferred/A/AAAAA2'), '', { mode: 0o600 })
  fs.mkdirSync(inQueue('deferred/A/AAAAA3'))
  const watching = await watch(1)
  expect(await watching.find('AAAAA1')).toEqual({ id: 'AAAAA1', modifiedMs: 5000, mode: 0o700 })
  expect(await watching.find('AAAAA2')).toBeUndefined()
  expect(await watching.find('AAAAA9')).toBeUndefined()
  expect(told).toEqual([])
  expect(await watching.find('AAAAA3')).toBeUndefined()
  expect(told).toEqual([
    expect.stringMatching(/^deferred\/A\/AAAAA3: uid \d+: not a regular file$/),
  ])
})

it('F-8: watches hash directories that are made later, and says that files may be there', async () => {
  await watch(1)
  fs.mkdirSync(inQueue('deferred/C'))
  await expectTold('lost')
  make('deferred/C/CCCCC1')
  await vi.waitFor(() => {
    fs.utimesSync(inQueue('deferred/C/CCCCC1'), 1, 1) // It was perhaps made too early.
    expect(told).toContain('CCCCC1')
  })
})

it('is told when the system does not say what has changed', async () => {
  let tell: (name: string | null) => void = () => expect.fail('not watched')
  const watchDirectory: WatchDirectory = (_, changed) => {
    tell = changed
    return { close: () => undefined }
  }
  await watch(0, { watchDirectory })
  tell('not a queue id')
  expect(told).toEqual([])
  tell(null)
  expect(told).toEqual(['lost'])
})

it('sees that a directory has changed of which the system does not tell', async () => {
  const watchDirectory: WatchDirectory = () => ({ close: () => undefined })
  const watching = await watch(1, { watchDirectory })
  expect(await watching.missedChanges()).toBe(false)
  make('deferred/A/AAAAA1')
  fs.utimesSync(inQueue('deferred/A'), 1, 1)
  expect(await watching.missedChanges()).toBe(true)
  expect(await watching.missedChanges()).toBe(false)
})

it('may have missed changes when it cannot look at a directory', async () => {
  let isBroken = false
  const lstat = async (path: string) => {
    if (isBroken) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    return DISK.lstat(path)
  }
  const watching = await watch(1, { files: { ...DISK, lstat } })
  expect(await watching.missedChanges()).toBe(false)
  isBroken = true
  expect(await watching.missedChanges()).toBe(true)
})

it('misses changes from then on when the system gives up', async () => {
  let fail = (): void => expect.fail('not watched')
  const watchDirectory: WatchDirectory = (_, __, failed) => {
    fail = failed
    return { close: () => undefined }
  }
  const watching = await watch(0, { watchDirectory })
  fail()
  expect(told).toEqual(['lost'])
  expect(await watching.missedChanges()).toBe(true)
  expect(await watching.missedChanges()).toBe(true)
})

it('closes what it watches when one directory cannot be watched', async () => {
  const closed: string[] = []
  const watchDirectory: WatchDirectory = (path) => {
    if (path.endsWith('/A')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    return { close: () => closed.push(path) }
  }
  await expect(watch(1, { watchDirectory })).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(closed).toEqual([inQueue('deferred')])
})
