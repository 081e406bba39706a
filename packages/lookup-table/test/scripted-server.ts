import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** What the server does when a request is complete; strings are bytes, a character each. */
export interface Step {
  readonly send?: string
  /** Sent one after the other, each as a chunk of its own. */
  readonly chunks?: readonly string[]
  readonly close?: boolean
  readonly reset?: boolean
}

export interface Script {
  /** One list for each connection, the last one for all that follow; one step for each request. */
  readonly connections: readonly (readonly Step[])[]
  /** How requests end. */
  readonly framing: 'line' | 'netstring'
  /** A UNIX-domain socket; without it a free port of 127.0.0.1. */
  readonly path?: string
}

/** A lookup server on loopback that does what a script says. */
export class ScriptedServer {
  /** The requests of each connection. */
  readonly seen: string[][] = []
  /** Connections that are open now. */
  readonly sockets = new Set<Socket>()
  readonly #script: Script
  readonly #server: Server
  readonly #events = new EventEmitter()

  private constructor(script: Script) {
    this.#script = script
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async listen(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script)
    server.#server.listen(script.path ?? { port: 0, host: '127.0.0.1' })
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get requestCount(): number {
    return this.seen.reduce((sum, requests) => sum + requests.length, 0)
  }

  /** Resolves when there have been `count` requests. */
  async requested(count: number): Promise<void> {
    while (this.requestCount < count) await once(this.#events, 'request')
  }

  /** Resolves when `count` connections are open. */
  async connected(count: number): Promise<void> {
    while (this.sockets.size !== count) await once(this.#events, 'connections')
  }

  /** Sends what nobody asked for, on all connections. */
  say(text: string): void {
    for (const socket of this.sockets) socket.write(Buffer.from(text, 'latin1'))
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket): void {
    const { connections, framing } = this.#script
    const steps = connections[Math.min(this.seen.length, connections.length - 1)] ?? []
    const requests: string[] = []
    let received = ''
    this.seen.push(requests)
    this.sockets.add(socket)
    this.#events.emit('connections')
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.#events.emit('connections')
    })
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      for (let end = requestEnd(received, framing); end > 0; end = requestEnd(received, framing)) {
        const step = steps[requests.length]
        requests.push(received.slice(0, end))
        received = received.slice(end)
        this.#events.emit('request')
        act(socket, step ?? {})
      }
    })
  }
}

function requestEnd(received: string, framing: 'line' | 'netstring'): number {
  if (framing === 'line') return received.indexOf('\n') + 1
  const [head, length] = /^(\d+):/.exec(received) ?? []
  const end = head === undefined ? 0 : head.length + Number(length) + 1
  return received.length >= end ? end : 0
}

async function act(socket: Socket, { send, chunks, close, reset }: Step): Promise<void> {
  for (const chunk of chunks ?? (send === undefined ? [] : [send])) {
    socket.write(Buffer.from(chunk, 'latin1'))
    // Lets the chunk out before the next, or the kernel would make one of them.
    if (chunks !== undefined) await new Promise((resolve) => setImmediate(resolve))
  }
  if (close) socket.end()
  if (reset) socket.resetAndDestroy()
}
