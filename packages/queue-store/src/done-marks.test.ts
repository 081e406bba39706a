import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { callByCall } from '../test/call-by-call.ts'
import {
  ContentWriter,
  type MessageEnvelope,
  nodeFileSystem,
  type QueueFileSystem,
  QueueStore,
} from './index.ts'

const DISK = callByCall(nodeFileSystem(systemClock.now))
const RETRY_MS = 10_000
const MOST = 10_000

let directory: string
let log: ReturnType<typeof memoryLogger>
let clock: VirtualClock
let isBroken: boolean
let gate: Promise<void>
let store: QueueStore
beforeEach(async () => {
  directory = fs.mkdtempSync(join(tmpdir(), 'done-marks-'))
  log = memoryLogger()
  clock = new VirtualClock(systemClock.now())
  isBroken = false
  gate = Promise.resolve()
  store = await open()
})
afterEach(async () => {
  isBroken = false
  await store.close()
  fs.rmSync(directory, { recursive: true })
})

describe('done marks that the disk refuses', () => {
  it('F-53: are written later, at the latest after 10 s, and the message stays due when it was', async () => {
    const { id } = await message()
    await refusedMark(id, [0])
    await store.move(id, 'active', 'deferred', { modifiedMs: clock.now() + 300_000 })
    const due = fs.statSync(join(directory, 'deferred', id)).mtimeMs
    isBroken = false
    await clock.run(clock.now() + RETRY_MS)
    await vi.waitFor(async () => expect(await fromDisk(id, 'deferred')).toEqual(['b@x.example']))
    await vi.waitFor(() =>
      expect(fs.statSync(join(directory, 'deferred', id)).mtimeMs).toBeCloseTo(due, -1),
    )
    expect(log.lines).toContain(`${id}: recipients are marked as done after all`)
  })

  it('F-53: are written at the end of an attempt', async () => {
    const { id } = await message()
    await refusedMark(id, [0])
    isBroken = false
    await store.move(id, 'active', 'deferred')
    expect(await fromDisk(id, 'deferred')).toEqual(['b@x.example'])
  })

  it('F-53: keep who has the message from getting it again, for as long as it takes', async () => {
    const { id } = await message()
    await refusedMark(id, [0])
    for (let tries = 0; tries < 5; tries++) {
      await clock.run(clock.now() + RETRY_MS)
      expect(await recipients(store, id, 'active')).toEqual(['b@x.example'])
    }
    expect(await fromDisk(id, 'active')).toEqual(['a@x.example', 'b@x.example'])
  })

  it('F-53: of one message add up, whichever fails first', async () => {
    const { id, recipients: all } = await message()
    const [first, second] = all.map(({ offset }) => offset)
    const { promise, resolve: release } = Promise.withResolvers<void>()
    gate = promise
    isBroken = true
    const marking = [first!, second!].map((offset) => store.markDone(id, 'active', [offset]))
    release()
    const outcomes = await Promise.allSettled(marking)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await recipients(store, id, 'active')).toEqual([])
  })

  it('F-87: are written to a file that somebody moved', async () => {
    const { id } = await message()
    await refusedMark(id, [0])
    fs.renameSync(join(directory, 'active', id), join(directory, 'hold', id))
    isBroken = false
    await clock.run(clock.now() + RETRY_MS)
    await vi.waitFor(async () => expect(await fromDisk(id, 'hold')).toEqual(['b@x.example']))
  })

  it('F-53: are written by a close, which else says who gets the message again', async () => {
    const written = await message()
    await refusedMark(written.id, [0])
    isBroken = false
    await store.close()
    expect(await fromDisk(written.id, 'active')).toEqual(['b@x.example'])
    store = await open()
    const lost = await message()
    await refusedMark(lost.id, [0])
    await store.close()
    expect(log.lines.at(-1)).toMatch(
      new RegExp(`^error: ${lost.id}: 1 recipients have the message but no mark`),
    )
  })

  it('are those of 10,000 messages at most: then no other is read, until some are written', async () => {
    const other = await message()
    isBroken = true
    const attempts = Array.from({ length: MOST }, (_, at) =>
      store.markDone(`${at.toString(16).padStart(6, '0').toUpperCase()}1`, 'active', [1]),
    )
    // A file that cannot be opened might be there.
    expect((await Promise.allSettled(attempts)).every(({ status }) => status === 'rejected')).toBe(
      true,
    )
    expect(store.isWaitingForDisk).toBe(true)
    await expect(store.readEnvelope(other.id, 'active')).rejects.toMatchObject({ code: 'write' })
    isBroken = false
    await clock.run(clock.now() + RETRY_MS)
    await vi.waitFor(() => expect(store.isWaitingForDisk).toBe(false))
    expect(await recipients(store, other.id, 'active')).toHaveLength(2)
  })
})

/** While `isBroken` nothing can be written, nor opened if it is not there. */
function open(): Promise<QueueStore> {
  const fileSystem: QueueFileSystem = {
    ...DISK,
    open: async (path, how, mode) => {
      if (isBroken && how === 'update' && !fs.existsSync(path)) throw ioError()
      return DISK.open(path, how, mode)
    },
    pwrite: async (file, bytes, position) => {
      if (!isBroken) return DISK.pwrite(file, bytes, position)
      await gate
      throw ioError()
    },
  }
  return openWith(fileSystem)
}

function openWith(fileSystem: QueueFileSystem): Promise<QueueStore> {
  return QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 0,
    clock,
    log: log.logger,
    fileSystem,
  })
}

async function message(): Promise<MessageEnvelope> {
  const content = new ContentWriter(2048, 0)
  content.line(Buffer.from('x'))
  const draft = await store.create()
  const to = ['a@x.example', 'b@x.example'].map((address) => ({ address, original: address }))
  const fields = { arrivalTimeMs: 0, sender: 's@x.example', attributes: [], recipients: to }
  return draft.commit({ ...fields, content: content.finish() }, 'active')
}

/** Has the disk refuse marks of the recipients at these places, and all writing from then on. */
async function refusedMark(id: string, places: readonly number[]): Promise<void> {
  const { recipients: all } = await store.readEnvelope(id, 'active')
  isBroken = true
  const marking = store.markDone(
    id,
    'active',
    places.map((place) => all[place]!.offset),
  )
  await expect(marking).rejects.toMatchObject({ code: 'EIO' })
}

async function recipients(
  of: QueueStore,
  id: string,
  queue: 'active' | 'deferred' | 'hold',
): Promise<string[]> {
  return (await of.readEnvelope(id, queue)).recipients.map(({ address }) => address)
}

/** As another process reads them. */
async function fromDisk(id: string, queue: 'active' | 'deferred' | 'hold'): Promise<string[]> {
  const other = await openWith(DISK)
  return recipients(other, id, queue)
}

function ioError(): Error {
  return Object.assign(new Error('i/o error'), { code: 'EIO' })
}
