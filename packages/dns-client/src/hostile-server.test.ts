import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '@posthouse/clock'
import { decode, encode } from 'dns-packet'
import * as fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'

import { DnsClient, networkTransport, parseResolvConf } from './index.ts'

const HOST = '127.0.0.1'
const GOOD = '192.0.2.1'
const FORGED = '192.0.2.66'
/** Where nothing is to be waited for; and where it is. */
const LONG_MS = 20_000
const SHORT_MS = 300

/** What a server does with a query, step by step. */
type Step =
  | 'good'
  | 'garbage'
  | 'wrong-id'
  | 'wrong-name'
  | 'wrong-type'
  | 'other-port'
  | 'query-back'
  | 'empty-packet'
  | 'malformed'
  | 'truncated'
  | 'servfail'
  | 'refused'
  | 'endless-cname'

type TcpBehaviour = 'good' | 'silent' | 'close' | 'slow' | 'garbage' | 'endless'

const sockets: Socket[] = []
const servers: Server[] = []
const stops: (() => void)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) stop()
  await Promise.all(sockets.splice(0).map((socket) => new Promise((r) => socket.close(() => r(0)))))
  await Promise.all(servers.splice(0).map((server) => new Promise((r) => server.close(() => r(0)))))
})

async function udp(port = 0): Promise<Socket> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, HOST, resolve)
  })
  return socket
}

/** A port that is free for both protocols. */
async function udpAndTcp(tcp: TcpBehaviour): Promise<Socket> {
  for (;;) {
    const socket = await udp()
    try {
      await tcpServer(socket.address().port, tcp)
      return socket
    } catch (error) {
      if (!String(error).includes('EADDRINUSE')) throw error
    }
  }
}

/** @param steps for each query the next list of packets; the last one for all that follow. */
async function hostileServer(steps: readonly (readonly Step[])[], tcp?: TcpBehaviour) {
  const socket = tcp === undefined ? await udp() : await udpAndTcp(tcp)
  const other = await udp()
  const peers: RemoteInfo[] = []
  const ids: number[] = []
  let count = 0
  socket.on('message', (query, peer) => {
    peers.push(peer)
    ids.push(query.readUInt16BE(0))
    const list = steps[Math.min(count++, steps.length - 1)] ?? []
    for (const step of list) {
      const from = step === 'other-port' ? other : socket
      from.send(packet(step, query), peer.port, peer.address)
    }
  })
  const { port } = socket.address()
  return { port, peers, ids, queries: () => count }
}

function packet(step: Step, query: Buffer): Uint8Array {
  const { id = 0, questions: [question] = [] } = decode(query)
  const { name } = question!
  const reply = (address: string, change: object = {}) =>
    encode({
      type: 'response',
      id,
      questions: [{ name, type: 'A' }],
      answers: [{ type: 'A', name, ttl: 60, data: address }],
      ...change,
    })
  switch (step) {
    case 'good':
      return reply(GOOD)
    case 'garbage':
      return Buffer.concat([query.subarray(0, 2), Buffer.alloc(40, 0xc0)])
    case 'wrong-id':
      return reply(FORGED, { id: id ^ 1 })
    case 'wrong-name':
      return reply(FORGED, { questions: [{ name: 'other.test', type: 'A' }] })
    case 'wrong-type':
      return reply(FORGED, { questions: [{ name, type: 'MX' }] })
    case 'other-port':
      return reply(FORGED)
    case 'query-back':
      return query
    case 'empty-packet':
      return Buffer.alloc(0)
    case 'malformed':
      return reply(FORGED).subarray(0, -1)
    case 'truncated':
      return reply(FORGED, { flags: 0x200 })
    case 'servfail':
      return reply(FORGED, { flags: 2 })
    case 'refused':
      return reply(FORGED, { flags: 5 })
    case 'endless-cname': {
      const data = `x${name}`
      return reply(FORGED, { answers: [{ type: 'CNAME', name, ttl: 60, data }] })
    }
  }
}

async function tcpServer(port: number, behaviour: TcpBehaviour): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    stops.push(() => socket.destroy())
    socket.once('data', (chunk) => {
      const reply = Buffer.from(packet('good', Buffer.from(chunk).subarray(2)))
      const framed = Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply])
      if (behaviour === 'good') for (const byte of framed) socket.write(Buffer.from([byte]))
      else if (behaviour === 'close') socket.end(framed.subarray(0, 20))
      else if (behaviour === 'garbage') socket.write(Buffer.alloc(70_000, 0xc0))
      else if (behaviour === 'slow') void dribble(framed, (byte) => socket.write(byte))
      else if (behaviour === 'endless') {
        const timer = setInterval(() => socket.write(Buffer.alloc(65_536, 0xff)), 1)
        stops.push(() => clearInterval(timer))
        socket.on('close', () => clearInterval(timer))
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, resolve)
  })
  servers.push(server)
}

async function dribble(bytes: Buffer, write: (byte: Buffer) => void): Promise<void> {
  for (const byte of bytes) {
    write(Buffer.from([byte]))
    await sleep(SHORT_MS / 5)
  }
}

function client(ports: readonly number[], timeoutMs: number, attempts = 1) {
  const lines = ports.map((port) => `nameserver [${HOST}]:${port}\n`).join('')
  const conf = { ...parseResolvConf(lines), timeoutMs, attempts }
  let id = 4711
  return new DnsClient(
    {
      cacheMaxRecords: 100,
      cacheMaxTtlMs: 60_000,
      cacheMaxNegativeTtlMs: 60_000,
      maxQuestions: 10,
    },
    {
      configuration: () => conf,
      transport: networkTransport,
      randomId: () => (id = (id * 31 + 7) % 65_536),
      clock: systemClock,
    },
  )
}

const NOISE: readonly Step[] = [
  'garbage',
  'wrong-id',
  'wrong-name',
  'wrong-type',
  'other-port',
  'query-back',
  'empty-packet',
  'malformed',
]

it('RFC 5452 9: whatever comes before it, only the reply to the question counts', async () => {
  const noise = fc.array(fc.constantFrom(...NOISE), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(noise, async (before) => {
      const { port } = await hostileServer([[...before, 'good']])
      expect(await client([port], LONG_MS).query('d.test', 'A')).toMatchObject({
        kind: 'found',
        records: [{ address: GOOD }],
      })
    }),
    { numRuns: 40 },
  )
})

it('a server that never gives the reply costs its time and no more, then the next is asked', async () => {
  const steps = fc.array(fc.constantFrom<Step>(...NOISE, 'servfail', 'refused'), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const bad = await hostileServer([list])
      const good = await hostileServer([['good']])
      const startMs = performance.now()
      const reply = await client([bad.port, good.port], SHORT_MS, 2).query('d.test', 'A')
      expect(reply).toMatchObject({ kind: 'found', records: [{ address: GOOD }] })
      expect(performance.now() - startMs).toBeLessThan(LONG_MS)
      expect(bad.queries()).toBeLessThanOrEqual(2)
    }),
    { numRuns: 12 },
  )
})

it.each([
  ['malformed', ['malformed']],
  ['malformed', ['garbage', 'wrong-id']],
  ['retry', []],
  ['retry', ['wrong-id']],
  ['retry', ['servfail']],
] as const)('with no other server left it is %s after %j', async (kind, steps) => {
  const { port } = await hostileServer([steps])
  expect(await client([port], SHORT_MS).query('d.test', 'A')).toMatchObject({ kind })
})

it('a second round reaches a server that lost the first query', async () => {
  const { port, queries } = await hostileServer([[], ['good']])
  expect(await client([port], SHORT_MS, 4).query('d.test', 'A')).toMatchObject({ kind: 'found' })
  expect(queries()).toBeGreaterThanOrEqual(2)
})

it('nobody listening: the next server at once', async () => {
  const gone = await udp()
  const { port } = gone.address()
  await new Promise<void>((resolve) => sockets.splice(sockets.indexOf(gone), 1)[0]!.close(resolve))
  const good = await hostileServer([['good']])
  const startMs = performance.now()
  expect(await client([port, good.port], LONG_MS).query('d.test', 'A')).toMatchObject({
    kind: 'found',
  })
  expect(performance.now() - startMs).toBeLessThan(LONG_MS)
})

it.each([
  ['good', 'found'],
  ['silent', 'retry'],
  ['close', 'retry'],
  ['slow', 'retry'],
  ['garbage', 'retry'],
  ['endless', 'retry'],
] as const)('truncated, and over TCP the server is %s: %s', async (behaviour, kind) => {
  const { port } = await hostileServer([['truncated']], behaviour)
  const startMs = performance.now()
  const timeoutMs = behaviour === 'good' ? LONG_MS : SHORT_MS
  expect(await client([port], timeoutMs).query('d.test', 'A')).toMatchObject({ kind })
  expect(performance.now() - startMs).toBeLessThan(LONG_MS)
})

it('C-14: CNAMEs without end', async () => {
  const { port, queries } = await hostileServer([['endless-cname']])
  expect(await client([port], LONG_MS).query('d.test', 'A')).toMatchObject({
    kind: 'loop',
    name: `${'x'.repeat(10)}d.test`,
  })
  expect(queries()).toBe(10)
})

it('RFC 5452 9.2: each query has a port and an id of its own', async () => {
  const { port, peers, ids } = await hostileServer([['good']])
  const resolver = client([port], LONG_MS)
  const names = Array.from({ length: 30 }, (_, index) => `h${index}.test`)
  for (const name of names) await resolver.query(name, 'A')
  // The system may pick a port again once it is free.
  expect(new Set(peers.map((peer) => peer.port)).size).toBeGreaterThan(25)
  const steps = peers.map((peer, index) => peer.port - (peers[index - 1]?.port ?? 0)).slice(1)
  expect(new Set(steps).size).toBeGreaterThan(20)
  expect(new Set(ids).size).toBe(30)
})
