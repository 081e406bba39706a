import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { createQmqpServer, QmqpRequestReader } from '../src/index.ts'
import { asSocket, MemorySocket } from '../test/memory-socket.ts'

// Requests per second without a network: the reader alone, and the server over sockets in memory
// with a handler that does nothing: node --conditions=@posthouse/source bench/requests.ts

const SECONDS = 2
const AT_ONCE = 50
const LIMITS = { messageSizeLimit: 10_240_000, lineLengthLimit: 2048, verpDelimiterFilter: '-=+' }
const ID = '4F8A023020C'

function requestOf(size: number, recipients: number): Buffer {
  const content = `Subject: hi\n\n${'x'.repeat(size)}\n`
  const parts = [content, 's@example.org', ...Array(recipients).fill('r@example.net')]
  const inner = parts.map((part) => `${part.length}:${part},`).join('')
  return Buffer.from(`${inner.length}:${inner},`)
}

const server = createQmqpServer({
  ...LIMITS,
  authorize: () => true,
  open: async () => ({ id: ID }),
  onMessage: async () => ({ kind: 'ok', text: `Ok: queued as ${ID}` }),
  timeoutMs: 300_000,
  errorDelayMs: 1000,
  daemonTimeoutMs: 18_000_000,
  maxConnections: AT_ONCE,
  softBounce: false,
  clientPortLogging: false,
  clock: systemClock,
  log: { ...memoryLogger().logger, info: () => undefined },
})

function read(request: Buffer): void {
  const end = new QmqpRequestReader(LIMITS).push(request)
  if (end?.kind !== 'complete') throw new Error('expected a whole request')
}

function serve(request: Buffer): Promise<void> {
  const socket = new MemorySocket(true)
  const closed = new Promise<void>((resolve) => socket.once('close', resolve))
  server.handle(asSocket(socket))
  socket.arrive(request)
  return closed
}

async function rate(run: () => unknown): Promise<string> {
  for (let round = 0; round < 100; round++) await run() // Not fast yet.
  const start = performance.now()
  let rounds = 0
  while (performance.now() - start < SECONDS * 1000) {
    await run()
    rounds += AT_ONCE
  }
  return `${((rounds * 1000) / (performance.now() - start)).toFixed(0).padStart(8)} requests/s`
}

const shapes = [
  ['100 bytes, 1 recipient', requestOf(100, 1)],
  ['2 kB, 1 recipient', requestOf(2048, 1)],
  ['2 kB, 100 recipients', requestOf(2048, 100)],
] as const
for (const [name, request] of shapes) {
  const many = Array<Buffer>(AT_ONCE).fill(request)
  console.log(name)
  console.log('  reader alone  ', await rate(() => many.forEach(read)))
  console.log('  whole server  ', await rate(() => Promise.all(many.map(serve))))
}
