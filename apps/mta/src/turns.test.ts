import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { Turns } from './turns.ts'

function scene() {
  const log = memoryLogger()
  const turns = new Turns<PassThrough>('showq', log.logger)
  const served: PassThrough[] = []
  const come = (limit: number): PassThrough => {
    const client = new PassThrough()
    turns.take(client, limit, (one) => served.push(one))
    return client
  }
  return { log, served, come }
}

async function leave(client: PassThrough): Promise<void> {
  const closed = once(client, 'close')
  client.destroy()
  await closed
}

it('serves as many as the process limit, then the others in their order', async () => {
  const { served, come } = scene()
  const clients = [1, 2, 3, 4].map(() => come(2))
  expect(served).toEqual(clients.slice(0, 2))
  await leave(clients[1]!)
  expect(served).toEqual(clients.slice(0, 3))
  await leave(clients[0]!)
  expect(served).toEqual(clients)
})

it('lets those who wait come first after a reload that allows more', async () => {
  const { served, come } = scene()
  const [first, second, third] = [come(1), come(1), come(1)]
  expect(served).toEqual([first])
  const fourth = come(3)
  expect(served).toEqual([first, second, third])
  await leave(third)
  expect(served).toEqual([first, second, third, fourth])
})

it('gives the turn of one that has gone to the next', async () => {
  const { served, come } = scene()
  const [first, second, third] = [come(1), come(1), come(1)]
  second.destroy(new Error('gone'))
  await leave(first)
  expect(served).toEqual([first, third])
})

it('turns clients away when a hundred wait, and says so once', async () => {
  const { log, served, come } = scene()
  const clients = Array.from({ length: 103 }, () => come(1))
  expect(clients.filter(({ destroyed }) => destroyed)).toEqual(clients.slice(101))
  expect(log.lines).toEqual([
    'warning: service showq: 1 clients served, 100 waiting: others are turned away',
  ])
  await leave(clients[0]!)
  expect(served).toEqual(clients.slice(0, 2))
  expect(come(1).destroyed).toBe(false)
})
