import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { Connection, openSocket } from './connection.ts'
import { socketConnector } from './socket-connector.ts'

const events = { tooLong: () => undefined, garbage: () => undefined }

/** A server that says what `said` gives, and closes. */
async function listen(place: string | undefined, said: () => string): Promise<Server> {
  const server = createServer((socket) => void socket.end(said()))
  onTestFinished(() => void server.close())
  await once(
    place === undefined ? server.listen(0, '127.0.0.1') : server.listen(place),
    'listening',
  )
  return server
}

async function connection(
  connect: ReturnType<typeof socketConnector>,
  address: string,
  port: number,
): Promise<Connection> {
  const socket = await openSocket(connect, { address, port }, 0)
  if ('reason' in socket) throw new Error(socket.reason)
  // What the server says comes while nobody listens.
  await new Promise((resolve) => setTimeout(resolve, 20))
  const opened = new Connection(socket, 2048, events)
  onTestFinished(() => opened.destroy())
  return opened
}

it('misses nothing, and keeps apart what several sockets read side by side', async () => {
  let number = 0
  const server = await listen(undefined, () => `250 number ${++number}\r\n250 last\r\n`)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const connect = socketConnector()
  const connections = []
  for (let count = 0; count < 5; count++) {
    connections.push(await connection(connect, '127.0.0.1', port))
  }
  const firsts = await Promise.all(connections.map((opened) => opened.read(1000)))
  expect(firsts.map(({ text }) => text)).toEqual([1, 2, 3, 4, 5].map((at) => `250 number ${at}`))
  for (const opened of connections) {
    expect(await opened.read(1000)).toMatchObject({ text: '250 last' })
    await expect((async () => opened.read(1000))()).rejects.toMatchObject({ code: 'lost' })
  }
})

it('connects to UNIX-domain sockets', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'socket-connector-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'lmtp')
  await listen(path, () => '220 here\r\n')
  const opened = await connection(socketConnector(), path, 0)
  expect(await opened.read(1000)).toMatchObject({ text: '220 here' })
})
