import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

import { VirtualClock } from '@posthouse/clock'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { VirtualSocket } from '../test/virtual-socket.ts'
import { Connection, openSocket } from './connection.ts'

const events = { tooLong: () => undefined, garbage: () => undefined }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A connection, and the server's end of it. */
async function pair(
  filter?: (line: string) => Promise<string>,
): Promise<{ connection: Connection; peer: Socket }> {
  const server = createServer({ noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const accepted = once(server, 'connection')
  const place = { address: '127.0.0.1', port }
  const socket = await openSocket((host) => connect({ host, port }), place, 0)
  if ('reason' in socket) throw new Error(socket.reason)
  const [peer] = (await accepted) as [Socket]
  peer.on('error', () => undefined)
  const connection = new Connection(socket, 2048, { ...events, ...(filter && { filter }) })
  closers.push(() => {
    connection.destroy()
    peer.destroy()
    server.close()
  })
  return { connection, peer }
}

describe('Connection', () => {
  it('gives replies that came before the end, then fails, at once and every time', async () => {
    const { connection, peer } = await pair()
    peer.end('250 one\r\n250 two\r\n')
    expect((await connection.read(0)).text).toBe('250 one')
    while (!connection.failed) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setTimeout(resolve, 20)) // Until the socket has closed.
    expect(connection.read(0)).toMatchObject({ text: '250 two' })
    expect(() => connection.read(0)).toThrow(expect.objectContaining({ code: 'lost' }))
    expect(() => connection.read(0)).toThrow(expect.objectContaining({ code: 'lost' }))
    await expect(connection.drained(0)).rejects.toMatchObject({ code: 'lost' })
  })

  it('C-36: a wait without an octet ends after its limit', async () => {
    const { connection } = await pair()
    await expect(connection.read(10)).rejects.toMatchObject({ code: 'timeout' })
    expect(() => connection.read(10)).toThrow(expect.objectContaining({ code: 'timeout' }))
  })

  it('C-36: each wait has its own limit, counted from the last octet', async () => {
    const limit = fc.integer({ min: 1, max: 50 })
    const wait = fc.record({ limitMs: limit, gapsMs: fc.array(fc.nat(60), { maxLength: 4 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(wait, { minLength: 1, maxLength: 6 }), async (waits) => {
        const clock = new VirtualClock()
        const socket = new VirtualSocket(clock, () => undefined)
        const connection = new Connection(socket, 2048, events)
        for (const { limitMs, gapsMs } of waits) {
          await clock.run(clock.now() + 7) // Nobody waits for anything.
          connection.send('NOOP\r\n')
          const failure = Promise.resolve(connection.read(limitMs)).then(
            () => undefined,
            () => clock.now(),
          )
          for (const gapMs of gapsMs) {
            const lastMs = clock.now()
            await clock.run(lastMs + gapMs)
            if (gapMs >= limitMs) {
              expect(await failure).toBe(lastMs + limitMs)
              return
            }
            socket.arrive(Buffer.from('x'))
            await clock.run(clock.now())
          }
          expect(connection.failed).toBe(false)
          socket.arrive(Buffer.from('\r\n250 ok\r\n'))
          await clock.run(clock.now())
          expect(await failure).toBeUndefined()
        }
        connection.destroy()
      }),
      { numRuns: 300 },
    )
  })

  it('makes a server wait that talks without being asked', async () => {
    const { connection, peer } = await pair()
    const noise = Buffer.from('250 x\r\n'.repeat(10_000))
    let blocked = false
    for (let round = 0; round < 1000 && !blocked; round++) {
      blocked = !peer.write(noise) && peer.writableLength > 10 * noise.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(blocked).toBe(true)
    for (let count = 0; count < 50_000; count++) {
      const reply = connection.read(1000)
      expect((reply instanceof Promise ? await reply : reply).code).toBe(250)
    }
  })
})

describe('with a filter for lines', () => {
  /** A filter that answers when it is told to. */
  function slowFilter() {
    const asked: ((line: string) => void)[] = []
    const filter = (_: string) => new Promise<string>((resolve) => asked.push(resolve))
    const answer = async (line: string): Promise<void> => {
      await expect.poll(() => asked.length).toBeGreaterThan(0)
      asked.shift()!(line)
    }
    return { filter, answer }
  }

  it('C-41: what a server said before it left is a reply, however long it takes', async () => {
    const { filter, answer } = slowFilter()
    const { connection, peer } = await pair(filter)
    const reply = connection.read(0)
    peer.end('250 queued\r\n')
    await expect.poll(() => connection.failed).toBe(true)
    await answer('250 and delivered')
    expect(await reply).toMatchObject({ text: '250 and delivered' })
    expect(() => connection.read(0)).toThrow(expect.objectContaining({ code: 'lost' }))
  })

  it('C-41: a reply that a filter leaves unfinished ends with the connection', async () => {
    const { filter, answer } = slowFilter()
    const { connection, peer } = await pair(filter)
    peer.end('250 queued\r\n')
    await expect.poll(() => connection.failed).toBe(true)
    const reply = connection.read(0) as Promise<unknown>
    await answer('250-more')
    await expect(reply).rejects.toMatchObject({ code: 'lost' })
  })

  it('C-41: one that comes in pieces is looked up in order', async () => {
    const { filter, answer } = slowFilter()
    const { connection, peer } = await pair(filter)
    const reply = connection.read(0)
    peer.write('250-a\r\n250-b\r\n')
    await answer('250-1')
    peer.write('250 c\r\n250 next\r\n')
    await answer('250-2')
    await answer('250 3')
    expect(await reply).toMatchObject({ text: '250-1\n250-2\n250 3' })
    const next = connection.read(0)
    await answer('250 4')
    expect(await next).toMatchObject({ text: '250 4' })
  })

  it('C-41: a filter that fails fails the one who reads', async () => {
    const error = new Error('down')
    const { connection, peer } = await pair((line) =>
      line === '250 bad' ? Promise.reject(error) : Promise.resolve(line),
    )
    const reply = connection.read(0) as Promise<unknown>
    peer.write('250 bad\r\n250 good\r\n')
    await expect(reply).rejects.toBe(error)
    expect(await connection.read(0)).toMatchObject({ text: '250 good' })
  })

  it('C-36: time goes on while a filter looks', async () => {
    const { filter, answer } = slowFilter()
    const { connection, peer } = await pair(filter)
    peer.write('250 x\r\n')
    const reply = connection.read(20) as Promise<unknown>
    await expect(reply).rejects.toMatchObject({ code: 'timeout' })
    await answer('250 too late')
    expect(connection.failed).toBe(true)
  })
})
