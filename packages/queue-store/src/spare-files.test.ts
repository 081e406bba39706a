import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock, VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { callByCall } from '../test/call-by-call.ts'
import {
  ContentWriter,
  nodeFileSystem,
  type QueueFileSystem,
  QueueStore,
  type QueueStoreOptions,
} from './index.ts'

// What the store does with the files of messages that were delivered.

const DISK = nodeFileSystem(systemClock.now)

const COUNTING: QueueFileSystem = {
  ...callByCall(DISK),
  ftruncate: async (file, sizeBytes) => {
    emptying += 1
    await DISK.ftruncate(file, sizeBytes)
    emptying -= 1
  },
}
const DISKS = { together: DISK, 'call by call': COUNTING }

let emptying = 0
let directory: string
let clock: VirtualClock
let log: ReturnType<typeof memoryLogger>
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'spare-files-'))
  clock = new VirtualClock(systemClock.now())
  log = memoryLogger()
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

function open(options: Partial<QueueStoreOptions> = {}): Promise<QueueStore> {
  return QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 1024 * 1024,
    clock,
    log: log.logger,
    fileSystem: DISK,
    ...options,
  })
}

async function queue(store: QueueStore, line: string): Promise<string> {
  const draft = await store.create()
  const writer = new ContentWriter(2048, 0)
  writer.line(Buffer.from(line))
  const recipient = { address: 'r@example.net', original: 'r@example.net' }
  const content = writer.finish()
  const message = { arrivalTimeMs: clock.now(), sender: 's@example.org', content }
  await draft.commit({ ...message, attributes: [], recipients: [recipient] }, 'active')
  return draft.id
}

async function text(store: QueueStore, id: string): Promise<string> {
  const envelope = await store.readEnvelope(id, 'active')
  let content = ''
  for await (const chunk of store.readContent(id, 'active', envelope)) content += String(chunk)
  return content
}

const spares = (): string[] => fs.readdirSync(join(directory, 'spare'))
const inode = (id: string): number => fs.statSync(join(directory, 'active', id)).ino
/** Resolves once the spare files can be taken. */
async function areEmptied(): Promise<void> {
  await vi.waitFor(() => expect(emptying).toBe(0))
  await new Promise((resolve) => setImmediate(resolve))
}

describe.each(Object.entries(DISKS))('with calls made %s', (_, fileSystem) => {
  it('writes the next message into the file of one that was delivered', async () => {
    const store = await open({ fileSystem })
    const first = await queue(store, `first ${'long '.repeat(500)}`)
    const number = inode(first)
    await store.remove(first, 'active')
    expect(fs.readdirSync(join(directory, 'active'))).toEqual([])
    await areEmptied()
    const second = await queue(store, 'second')
    expect(inode(second)).toBe(number)
    expect(second).not.toBe(first)
    expect(spares()).toEqual([])
    const cold = await open({ contentCacheBytes: 0 })
    expect(await text(cold, second)).toBe('second\n')
  })

  it('leaves the content of a file alone that has a second name', async () => {
    const store = await open({ fileSystem })
    const id = await queue(store, 'kept')
    const backup = join(directory, 'backup')
    fs.linkSync(join(directory, 'active', id), backup)
    const before = fs.readFileSync(backup)
    await store.remove(id, 'active')
    await vi.waitFor(() => expect(spares()).toEqual([]))
    await queue(store, 'other')
    expect(fs.readFileSync(backup)).toEqual(before)
  })

  it('leaves a file alone that somebody put in the place of its own', async () => {
    const store = await open({ fileSystem })
    const id = await queue(store, 'moved away')
    const path = join(directory, 'active', id)
    const elsewhere = join(directory, 'elsewhere')
    fs.renameSync(path, elsewhere)
    fs.copyFileSync(elsewhere, path)
    const before = fs.readFileSync(elsewhere)
    await store.remove(id, 'active')
    await vi.waitFor(() => expect(spares()).toEqual([]))
    await queue(store, 'other')
    expect(fs.readFileSync(elsewhere)).toEqual(before)
  })

  it('keeps no file open of messages that are done, deferred or many', async () => {
    const store = await open({ fileSystem })
    const descriptors = (): number => fs.readdirSync('/proc/self/fd').length
    const before = descriptors()
    const ids: string[] = []
    for (let count = 0; count < 70; count++) ids.push(await queue(store, 'x'))
    expect(descriptors() - before).toBe(64)
    for (const id of ids) await store.move(id, 'active', 'deferred')
    expect(descriptors()).toBe(before)
    await store.remove(ids[0]!, 'deferred')
    expect(descriptors() - before).toBe(spares().length)
    await queue(store, 'last')
    await store.close()
    expect(descriptors()).toBe(before)
  })

  it('opens the file again of a message that waited behind others', async () => {
    const store = await open({ fileSystem })
    const first = await queue(store, 'first')
    for (let count = 0; count < 64; count++) await queue(store, 'x')
    await store.remove(first, 'active')
    await areEmptied()
    expect(spares()).toHaveLength(1)
    await queue(store, 'last')
    expect(spares()).toEqual([])
  })

  it('removes a file that cannot be opened again', async () => {
    const openUsed = (): number => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    }
    const store = await open({ fileSystem: { ...fileSystem, openUsed } })
    const first = await queue(store, 'first')
    for (let count = 0; count < 64; count++) await queue(store, 'x')
    expect(await store.remove(first, 'active')).toBe(true)
    expect(fs.existsSync(join(directory, 'active', first))).toBe(false)
    expect(spares()).toEqual([])
  })

  it('removes what nobody wanted for a second', async () => {
    const store = await open({ fileSystem })
    const [first, second] = [await queue(store, 'first'), await queue(store, 'second')]
    await store.remove(first, 'active')
    await store.remove(second, 'active')
    await areEmptied()
    await queue(store, 'third')
    await clock.run(clock.now() + 1000)
    expect(spares()).toHaveLength(1)
    await clock.run(clock.now() + 1000)
    await vi.waitFor(() => expect(spares()).toEqual([]))
  })
})

it.each([
  ['large', `${'x'.repeat(70_000)}`, 1024 * 1024],
  ['out of the cache', 'x', 0],
])('unlinks a file that is %s', async (_, line, contentCacheBytes) => {
  const store = await open({ contentCacheBytes })
  await store.remove(await queue(store, line), 'active')
  expect(spares()).toEqual([])
  expect(fs.readdirSync(join(directory, 'active'))).toEqual([])
})

it('keeps at most 64', async () => {
  const store = await open()
  const ids: string[] = []
  for (let count = 0; count < 70; count++) ids.push(await queue(store, 'x'))
  for (const id of ids) await store.remove(id, 'active')
  expect(spares()).toHaveLength(64)
  expect(fs.readdirSync(join(directory, 'active'))).toEqual([])
})

it('does without, and says so once, where the directory cannot be used', async () => {
  const store = await open()
  const ids = [await queue(store, 'first'), await queue(store, 'second')]
  fs.rmdirSync(join(directory, 'spare'))
  fs.writeFileSync(join(directory, 'spare'), '')
  for (const id of ids) await store.remove(id, 'active')
  expect(fs.readdirSync(join(directory, 'active'))).toEqual([])
  const text = 'files are not used again for 60 s: ENOTDIR'
  expect(log.lines).toEqual([`warning: ${directory}/spare: ${text}`])
})

it('tries again a minute after the directory could not be used', async () => {
  let isBroken = true
  const rename: QueueFileSystem['rename'] = (from, to) => {
    if (isBroken && to.includes('/spare/')) throw Object.assign(new Error('x'), { code: 'EIO' })
    return DISK.rename(from, to)
  }
  const store = await open({ fileSystem: { ...callByCall(DISK), rename } })
  await store.remove(await queue(store, 'first'), 'active')
  isBroken = false
  await clock.run(clock.now() + 59_000)
  await store.remove(await queue(store, 'second'), 'active')
  expect(spares()).toEqual([])
  await clock.run(clock.now() + 1000)
  await store.remove(await queue(store, 'third'), 'active')
  expect(spares()).toHaveLength(1)
})

it('removes all at the end, and what a killed process left at the start', async () => {
  const store = await open()
  await store.remove(await queue(store, 'x'), 'active')
  await store.close()
  expect(spares()).toEqual([])
  fs.writeFileSync(join(directory, 'spare', '12'), 'left')
  await open()
  expect(spares()).toEqual([])
})

it('keeps none where a crash could mix messages up', async () => {
  const store = await open({ fileSystem: { ...DISK, syncsEntries: async () => false } })
  await store.remove(await queue(store, 'x'), 'active')
  expect(fs.existsSync(join(directory, 'spare'))).toBe(false)
})
