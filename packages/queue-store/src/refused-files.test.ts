import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { callByCall } from '../test/call-by-call.ts'
import { ContentWriter, nodeFileSystem, type QueueFileSystem, QueueStore } from './index.ts'

// Messages whose files could not be synced, so that their clients were told no, and which the disk
// does not remove either.

const DISK = callByCall(nodeFileSystem(systemClock.now))
const CALLS = ['unlink', 'chmod', 'ftruncate', 'rename'] as const

let directory: string
let log: ReturnType<typeof memoryLogger>
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'refused-files-'))
  log = memoryLogger()
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

/** A store whose disk fails with EIO from the first fsync on, in these calls. */
async function refused(failing: readonly (typeof CALLS)[number][]): Promise<QueueStore> {
  let isOpen = false
  let isFailing = false
  const fileSystem: QueueFileSystem = {
    ...DISK,
    fsync: async (file) => {
      if (!isOpen) return DISK.fsync(file)
      isFailing = true
      throw ioError()
    },
    ...Object.fromEntries(
      failing.map((name) => [
        name,
        async (...args: never[]) => {
          if (isFailing) throw ioError()
          return Reflect.apply(DISK[name], DISK, args)
        },
      ]),
    ),
  }
  const store = await QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 0,
    clock: systemClock,
    log: log.logger,
    fileSystem,
  })
  isOpen = true
  const content = new ContentWriter(2048, 0)
  content.line(Buffer.from('secret'))
  const recipients = [{ address: 'r@example.net', original: 'r@example.net' }]
  const draft = await store.create()
  const message = { arrivalTimeMs: 0, sender: '', attributes: [], recipients }
  const committing = draft.commit({ ...message, content: content.finish() })
  await expect(committing).rejects.toMatchObject({ code: 'write' })
  return store
}

async function deliverable(store: QueueStore): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.scan('incoming')) {
    const envelope = await store.readEnvelope(id, 'incoming').catch(() => undefined)
    if (envelope !== undefined) ids.push(id)
  }
  return ids
}

it.each([
  [['unlink'], /: its client was told no: .* is marked as unfinished$/],
  [['unlink', 'chmod'], /: its client was told no: .* is emptied$/],
  [['unlink', 'chmod', 'ftruncate'], /: its client was told no: .* is renamed to a temporary/],
] as const)('F-17: is not deliverable where %j fail', async (failing, line) => {
  const store = await refused(failing)
  expect(fs.readdirSync(join(directory, 'incoming'))).toHaveLength(1)
  expect(await deliverable(store)).toEqual([])
  expect(log.lines.at(-1)).toMatch(line)
})

it.each([['unlink'], ['unlink', 'chmod', 'ftruncate']] as const)(
  'F-13: is removed by the next start, when %s worked no more',
  async (...failing) => {
    await refused(failing)
    const next = await QueueStore.open({
      directory,
      hashQueueNames: [],
      hashQueueDepth: 1,
      longQueueIds: false,
      contentCacheBytes: 0,
      clock: systemClock,
      log: log.logger,
    })
    expect(await next.removeUnfinished()).toBe(1)
    expect(fs.readdirSync(join(directory, 'incoming'))).toEqual([])
    await next.close()
  },
)

it('says so, as an error, where nothing can be done', async () => {
  const store = await refused(CALLS)
  expect(await deliverable(store)).toHaveLength(1)
  expect(log.lines.at(-1)).toMatch(/^error: \w+: its client was told no, but .* DELIVERED$/)
})

function ioError(): Error {
  return Object.assign(new Error('i/o error'), { code: 'EIO' })
}
