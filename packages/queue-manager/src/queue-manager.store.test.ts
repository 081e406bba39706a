import {
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter, type MessageEnvelope, QueueStore } from '@posthouse/queue-store'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { OPTIONS, START_MS } from '../test/harness.ts'
import { type DeliveryRequest, QueueManager, type QueueManagerPorts } from './index.ts'

// The queue manager on the real store: that its part of `QueueStore` is what it takes it for.

let directory: string
let store: QueueStore
let clock: VirtualClock
let lines: string[]
let failing: Set<string>
let seen: DeliveryRequest[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'posthouse-'))
  clock = new VirtualClock(START_MS)
  failing = new Set()
  seen = []
  const { logger, lines: logged } = memoryLogger()
  lines = logged
  store = await QueueStore.open({
    directory,
    hashQueueNames: ['deferred', 'defer'],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 0,
    clock,
    log: logger,
  })
})

afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

function manager(): QueueManager {
  const { logger } = memoryLogger()
  const record = { ...logger, info: (text: string) => void lines.push(text) }
  const log = { ...record, warning: (text: string) => void lines.push(`warning: ${text}`) }
  const agents: QueueManagerPorts['agents'] = () => ({
    deliver: async (request) => {
      seen.push(request)
      const outcomes = request.recipients.map(({ address }) => {
        const same = { text: 'reply', relay: 'none', doneMs: clock.now() }
        return failing.has(address)
          ? ({ ...same, kind: 'deferred', status: '4.2.0' } as const)
          : ({ ...same, kind: 'sent', status: '2.0.0' } as const)
      })
      return { outcomes }
    },
  })
  const resolve: QueueManagerPorts['resolve'] = (_, recipient) => ({
    kind: 'route',
    transport: 'smtp',
    nexthop: 'x.test',
    recipient,
  })
  const rewrite = (address: string) => address
  const logs = { log, deliveryLog: () => log }
  return new QueueManager(OPTIONS, {
    ...{ store, clock, ...logs, agents, resolve, rewrite },
    notices: { has: () => true, send: () => Promise.reject(new Error('not reached')) },
  })
}

async function submit(...addresses: string[]): Promise<MessageEnvelope> {
  const draft = await store.create()
  const writer = new ContentWriter(2048, 100)
  writer.line(Buffer.from('Subject: test'))
  return draft.commit({
    arrivalTimeMs: clock.now(),
    sender: 's@x.test',
    attributes: [],
    recipients: addresses.map((address) => ({ address, original: address })),
    content: writer.finish(),
  })
}

/** File names below a queue, hash directories aside. */
async function files(queue: string): Promise<string[]> {
  const entries = await readdir(join(directory, queue), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

it('delivers what is accepted, and removes it', async () => {
  const queueManager = manager()
  await queueManager.start()
  const { id } = await submit('a@x.test', 'b@x.test')
  queueManager.accept(await store.readEnvelope(id, 'incoming'))
  await vi.waitFor(() => expect(lines).toContain(`${id}: removed`))
  expect(seen).toMatchObject([{ queueId: id, recipients: [{ address: 'a@x.test' }, {}] }])
  expect(await files('.')).toEqual([])
  await queueManager.drain()
})

it('keeps what is deferred, who is done, why, when to try again; a flush delivers', async () => {
  const queueManager = manager()
  await queueManager.start()
  failing.add('a@x.test')
  const envelope = await submit('a@x.test', 'b@x.test')
  queueManager.accept(envelope)
  const hash = envelope.id.charAt(0)
  const path = join(directory, 'deferred', hash, envelope.id)
  await vi.waitFor(() => stat(path))
  await vi.waitFor(() => expect(queueManager.messages).toBe(0))
  expect((await stat(path)).mtimeMs).toBe(START_MS + OPTIONS.minimalBackoffMs)
  const reason = await readFile(join(directory, 'defer', hash, envelope.id), 'latin1')
  expect(reason).toContain('recipient=a@x.test\n')
  expect((await store.readEnvelope(envelope.id, 'deferred')).recipients).toMatchObject([
    { address: 'a@x.test' },
  ])

  failing.clear()
  queueManager.trigger(Buffer.from('AD'))
  await vi.waitFor(() => expect(lines).toContain(`${envelope.id}: removed`))
  expect(seen.map(({ recipients }) => recipients.length)).toEqual([2, 1])
  expect(await files('.')).toEqual([])
  await queueManager.drain()
})

it('S-10: takes at the next queue run what postsuper -H, cp or touch made due', async () => {
  const ids = []
  for (const name of ['a', 'b', 'c']) {
    const { id } = await submit(`${name}@x.test`)
    ids.push(id)
    await store.move(id, 'incoming', 'deferred', { modifiedMs: START_MS + 1e9 })
  }
  const [released = '', copied = '', touched = ''] = ids
  const place = (queue: string, id: string) => join(directory, queue, id.charAt(0), id)
  await rename(place('deferred', released), join(directory, 'hold', released))
  await rename(place('deferred', copied), join(directory, 'copy'))
  const scan = vi.spyOn(store, 'scan')
  const queueManager = manager()
  await queueManager.start()
  await vi.waitFor(() => expect(scan.mock.results.length).toBe(3))
  await clock.run(clock.now() + 10)
  await utimes(join(directory, 'hold', released), 1, 1)
  await rename(join(directory, 'hold', released), place('deferred', released))
  await copyFile(join(directory, 'copy'), place('deferred', copied))
  await utimes(place('deferred', copied), 1, 1)
  await utimes(place('deferred', touched), 1, 1)
  await vi.waitFor(async () => {
    await clock.run(clock.now() + OPTIONS.queueRunDelayMs)
    expect(lines.filter((line) => line.endsWith(': removed'))).toHaveLength(3)
  })
  expect(scan.mock.calls.filter(([queue]) => queue === 'deferred')).toHaveLength(1)
  await queueManager.drain()
})

it('S-3: takes back at start what the last process left in active', async () => {
  const { id } = await submit('a@x.test')
  await store.move(id, 'incoming', 'active')
  const queueManager = manager()
  await queueManager.start()
  await vi.waitFor(() => expect(lines).toContain(`${id}: removed`))
  await queueManager.drain()
})

it('S-19: a damaged file goes to corrupt', async () => {
  const { id } = await submit('a@x.test')
  const path = join(directory, 'incoming', id)
  await truncate(path, 150)
  await utimes(path, START_MS / 1000, START_MS / 1000)
  const queueManager = manager()
  await queueManager.start()
  await vi.waitFor(async () => expect(await files('corrupt')).toEqual([id]))
  expect(lines).toContain(`warning: ${id}: message rejected: missing end record`)
  expect(lines.at(-1)).toBe(
    `warning: saving corrupt file "${id}" from queue "active" to queue "corrupt"`,
  )
  await queueManager.drain()
})
