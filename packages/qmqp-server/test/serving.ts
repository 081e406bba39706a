import { once } from 'node:events'
import { connect, createServer, type Server, type ServerOpts, type Socket } from 'node:net'

import { type Clock, systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, vi } from 'vitest'

import { createQmqpServer, type QmqpMessage, type QmqpServerOptions } from '../src/index.ts'

export const ID = '4F8A023020C'
export const MESSAGE = '18:Subject: hi\n\nbody\n,'
export const SENDER = '13:s@example.org,'
export const RECIPIENT = '13:r@example.net,'
export const REQUEST = `56:${MESSAGE}${SENDER}${RECIPIENT},`
export const QUEUED = `26:KOk: queued as ${ID},`
export const CLIENT = 'localhost[127.0.0.1]'

export interface Transaction {
  readonly id: string
}

/** What `closeAll` closes. */
export const listeners: Server[] = []
export const sockets: Socket[] = []

/** Call after each test. */
export function closeAll(): void {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const listener of listeners.splice(0)) listener.close()
}

/** A server that takes what comes, over loopback, and what it did. */
export async function serve(
  overrides: Partial<QmqpServerOptions<Transaction>>,
  listenerOptions: ServerOpts = {},
) {
  const { logger, lines, fields } = memoryLogger()
  const messages: QmqpMessage[] = []
  const opened: string[] = []
  const aborted: string[] = []
  const clock: Clock = systemClock
  const server = createQmqpServer<Transaction>({
    messageSizeLimit: 10_240_000,
    lineLengthLimit: 2048,
    verpDelimiterFilter: '-=+',
    timeoutMs: 10_000,
    errorDelayMs: 0,
    daemonTimeoutMs: 100_000,
    maxConnections: 100,
    softBounce: false,
    clientPortLogging: false,
    clock,
    log: logger,
    authorize: () => true,
    lookupName: () => 'localhost',
    async open() {
      opened.push(ID)
      return { id: ID }
    },
    async onMessage(message) {
      messages.push(message)
      if (message.recipients.length > 0) return { kind: 'ok', text: `Ok: queued as ${ID}` }
      return { kind: 'permanent', text: 'Error: no recipients specified' }
    },
    onAbort: ({ id }) => void aborted.push(id),
    ...overrides,
  })
  const defaults = { allowHalfOpen: true, pauseOnConnect: true }
  const { port } = await listen({ ...defaults, ...listenerOptions }, (socket) => {
    server.handle(socket)
  })
  return { server, port, lines, fields, messages, opened, aborted }
}

export async function listen(options: ServerOpts, accept: (socket: Socket) => void) {
  const listener = createServer(options, accept)
  listeners.push(listener)
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0 }
}

/** A connected client. `reply` is all it receives until the server closes in good order. */
export async function dial(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  sockets.push(socket)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  const reply = new Promise<string>((resolve, reject) => {
    socket.once('end', () => resolve(received))
    socket.once('error', reject)
  })
  reply.catch(() => undefined) // Not every test looks at it.
  await once(socket, 'connect')
  return { socket, reply, localPort: socket.localPort }
}

export async function ask(port: number, request: string): Promise<string> {
  const client = await dial(port)
  if (request !== '') client.socket.write(request)
  return client.reply
}

/** For what cannot be seen from here: the kernel of this machine passes something on. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

export async function waitFor(lines: readonly string[], text: string, count = 1): Promise<void> {
  await vi.waitFor(
    () => expect(lines.filter((line) => line.includes(text)).length).toBeGreaterThanOrEqual(count),
    { interval: 1, timeout: 2000 },
  )
}
