import type { QueueEntry } from '@posthouse/queue-store'
import { expect, it } from 'vitest'

import { QueueScan } from './queue-scan.ts'

/** A scan over `count` files, and how many times the directory was opened. */
function scanOf(count: number) {
  const opened = { times: 0 }
  async function* entries(): AsyncGenerator<QueueEntry, void, void> {
    opened.times += 1
    for (let i = 0; i < count; i++) yield { id: `F${i}`, modifiedMs: 0, mode: 0o700 }
  }
  return { scan: new QueueScan(entries), opened }
}

async function drain(scan: QueueScan): Promise<number> {
  let files = 0
  while (scan.running) if ((await scan.next()) !== undefined) files += 1
  return files
}

it('X-5, S-38: any number of requests during a scan cause one more', async () => {
  const { scan, opened } = scanOf(3)
  scan.request({ start: true })
  await scan.next()
  for (let i = 0; i < 10; i++) scan.request({ start: true })
  expect(await drain(scan)).toBe(2 + 3)
  expect(opened.times).toBe(2)
})

it('S-38: a modifier alone starts nothing, and waits for the next scan', async () => {
  const { scan, opened } = scanOf(1)
  scan.request({ ignoreStamps: true })
  scan.request({ overrideDefer: true })
  expect(scan.running).toBe(false)
  scan.request({ start: true })
  expect(scan).toMatchObject({ running: true, ignoreStamps: true, overrideDefer: true })
  await drain(scan)
  scan.request({ start: true })
  expect(scan).toMatchObject({ ignoreStamps: false, overrideDefer: false })
  await drain(scan)
  expect(opened.times).toBe(2)
})

it('S-38: a modifier during a scan changes the rest of it, and the next one', async () => {
  const { scan } = scanOf(2)
  scan.request({ start: true })
  await scan.next()
  scan.request({ ignoreStamps: true })
  expect(scan.ignoreStamps).toBe(true)
  await drain(scan)
  expect(scan.running).toBe(false)
  scan.request({ start: true })
  expect(scan.ignoreStamps).toBe(true)
})

it('S-9: reads no further than asked', async () => {
  const { scan } = scanOf(1_000_000_000)
  scan.request({ start: true })
  expect((await scan.next())?.id).toBe('F0')
  await scan.abandon()
  expect(scan.running).toBe(false)
})
