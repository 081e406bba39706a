import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import { afterEach, describe, expect, it } from 'vitest'

import { submitMessage } from './index.ts'

const MESSAGE = {
  content: Buffer.from('Subject: hi\n\nbody\n'),
  sender: 's@example.org',
  recipients: ['r@example.net'],
}
const REQUEST = '56:18:Subject: hi\n\nbody\n,13:s@example.org,13:r@example.net,,'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

describe('submitMessage', () => {
  it.each([
    ['K', '26:KOk: queued as 4F8A023020C,', 'accepted', 'Ok: queued as 4F8A023020C'],
    [
      'Z',
      '34:ZError: server configuration error,',
      'temporary',
      'Error: server configuration error',
    ],
    ['D', '31:DError: no recipients specified,', 'permanent', 'Error: no recipients specified'],
    ['K alone', '1:K,', 'accepted', ''],
    ['bytes after it', '1:K,31:DError', 'accepted', ''],
  ])('Q-815: a reply with %s', async (_, reply, kind, text) => {
    const { port, requests } = await listen((socket) => {
      socket.once('data', () => socket.end(reply))
    })
    expect(await submitMessage({ host: '127.0.0.1', port }, MESSAGE)).toEqual({ kind, text })
    expect(requests).toEqual([REQUEST])
  })

  it.each([
    ['another first byte', '4:What,', 'unknown error: What'],
    ['a small letter', '2:ok,', 'unknown error: ok'],
    ['nothing in it', '0:,', 'unknown error: '],
  ])('Q-815: a reply with %s is none', async (_, reply, text) => {
    const { port } = await listen((socket) => {
      socket.once('data', () => socket.end(reply))
    })
    expect(await submitMessage({ host: '127.0.0.1', port }, MESSAGE)).toEqual({
      kind: 'temporary',
      text,
      failedAt: 'receiving server reply',
    })
  })

  it('Q-815: reads a reply that comes in single bytes', async () => {
    const { port } = await listen((socket) => {
      socket.once('data', async () => {
        for (const byte of '5:Kfine,') {
          socket.write(byte)
          await new Promise(setImmediate)
        }
      })
    })
    const verdict = await submitMessage({ host: '127.0.0.1', port }, MESSAGE)
    expect(verdict).toEqual({ kind: 'accepted', text: 'fine' })
  })

  it('Q-807: sends a large request in one write, and all of it', async () => {
    const content = Buffer.alloc(3_000_000, 'x\n')
    let size = 0
    const { port } = await listen((socket) => {
      socket.on('data', (chunk) => {
        size += chunk.length
        if (chunk.at(-1) === 0x2c && chunk.at(-2) === 0x2c) socket.end('1:K,')
      })
    })
    const message = { ...MESSAGE, content }
    expect((await submitMessage({ host: '127.0.0.1', port }, message)).kind).toBe('accepted')
    expect(size).toBe(`3000042:3000000:,13:s@example.org,13:r@example.net,,`.length + 3_000_000)
  })

  it.each([
    ['nothing', '', 'lost connection'],
    ['a part', '26:KOk: que', 'lost connection'],
    ['no comma', '1:K', 'netstring format error'],
    ['no netstring', 'K', 'netstring format error'],
    ['too long a reply', '10241:', 'netstring size exceeds limit'],
  ])('Q-815: %s before the end is temporary', async (_, reply, what) => {
    const { port } = await listen((socket) => {
      socket.once('data', () => socket.end(reply))
    })
    expect(await submitMessage({ host: '127.0.0.1', port }, MESSAGE)).toEqual({
      kind: 'temporary',
      text: `${what} while receiving server reply`,
      failedAt: 'receiving server reply',
    })
  })

  it('Q-815: takes a reply of 10240 bytes', async () => {
    const { port } = await listen((socket) => {
      socket.once('data', () => socket.end(`10240:K${'x'.repeat(10_239)},`))
    })
    const verdict = await submitMessage({ host: '127.0.0.1', port }, MESSAGE)
    expect(verdict).toEqual({ kind: 'accepted', text: 'x'.repeat(10_239) })
  })

  it('Q-207: a reset is temporary', async () => {
    const { port } = await listen((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const verdict = await submitMessage({ host: '127.0.0.1', port }, MESSAGE)
    expect(verdict).toEqual({
      kind: 'temporary',
      text: 'lost connection while receiving server reply',
      failedAt: 'receiving server reply',
    })
  })

  it('a refused connection is temporary', async () => {
    const { port, server } = await listen(() => undefined)
    server.close()
    const verdict = await submitMessage({ host: '127.0.0.1', port }, MESSAGE)
    expect(verdict).toEqual({
      kind: 'temporary',
      text: `connect ECONNREFUSED 127.0.0.1:${port}`,
      failedAt: 'connecting',
    })
  })

  it('Q-208: takes an answer that comes before the request', async () => {
    const { port } = await listen((socket) => {
      socket.end('12:DGo away now,')
      socket.resume()
    })
    const verdict = await submitMessage({ host: '127.0.0.1', port }, MESSAGE)
    expect(verdict).toEqual({ kind: 'permanent', text: 'Go away now' })
  })

  it('Q-815: waits for the reply as long as it is told, also if bytes trickle in', async () => {
    const clock = new VirtualClock()
    const { port } = await listen((socket) => {
      socket.once('data', () => socket.write('100:K'))
    })
    const options = { clock, connectTimeoutMs: 10_000, replyTimeoutMs: 300_000 }
    const verdict = submitMessage({ host: '127.0.0.1', port }, MESSAGE, options)
    await once(servers[0]!, 'test-request')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await clock.run(300_000)
    expect(await verdict).toEqual({
      kind: 'temporary',
      text: 'timeout while receiving server reply',
      failedAt: 'receiving server reply',
    })
  })

  it('waits for the connection as long as it is told', async () => {
    const { port } = await listen(() => undefined)
    const delays: number[] = []
    const impatient = {
      now: () => 0,
      after(delayMs: number, fn: () => void) {
        delays.push(delayMs)
        fn()
        return () => undefined
      },
    }
    const options = { clock: impatient, connectTimeoutMs: 1234 }
    expect(await submitMessage({ host: '127.0.0.1', port }, MESSAGE, options)).toEqual({
      kind: 'temporary',
      text: 'timeout while connecting',
      failedAt: 'connecting',
    })
    expect(delays).toEqual([1234])
  })

  it('does not wait for ever for a server that does not read', async () => {
    const { port } = await listen((socket) => {
      socket.pause()
      socket.on('error', () => undefined)
    })
    const message = { ...MESSAGE, content: Buffer.alloc(20_000_000) }
    const options = { clock: new VirtualClock(), replyTimeoutMs: 50 }
    expect(await submitMessage({ host: '127.0.0.1', port }, message, options)).toEqual({
      kind: 'temporary',
      text: 'timeout while sending message',
      failedAt: 'sending message',
    })
  })

  it('rejects with the reason of its signal, and closes', async () => {
    const closed = Promise.withResolvers<void>()
    const { port } = await listen((socket) => {
      socket.once('close', closed.resolve)
      socket.on('error', () => undefined)
    })
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const verdict = submitMessage({ host: '127.0.0.1', port }, MESSAGE, options)
    await once(servers[0]!, 'test-request')
    controller.abort(new Error('shutting down'))
    await expect(verdict).rejects.toThrow('shutting down')
    await closed.promise
    await expect(submitMessage({ host: '127.0.0.1', port }, MESSAGE, options)).rejects.toThrow(
      'shutting down',
    )
  })

  it('reaches a server on a UNIX-domain socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'qmqp-client-'))
    const path = join(directory, 'qmqp')
    const server = createServer((socket) => {
      socket.once('data', () => socket.end('1:K,'))
    })
    servers.push(server)
    server.listen(path)
    await once(server, 'listening')
    expect(await submitMessage({ path }, MESSAGE)).toEqual({ kind: 'accepted', text: '' })
    await rm(directory, { recursive: true })
  })
})

/** A server that does what `answer` does. Emits `test-request` when it has got a request. */
async function listen(answer: (socket: Socket) => void) {
  const requests: string[] = []
  const server = createServer((socket) => {
    socket.once('data', (chunk) => {
      requests.push(chunk.toString())
      server.emit('test-request')
    })
    answer(socket)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, port, requests }
}
