import { rmSync } from 'node:fs'
import { createServer, isIPv6, type ListenOptions, type Server, type Socket } from 'node:net'

import type { Logger } from '@posthouse/mail-log'

import { MasterError } from './errors.ts'

/** One listening socket that a service wants. */
export interface Endpoint {
  /** The service, as master.cf names it; part of the messages. */
  readonly service: string
  /** A TCP address, or the path of a UNIX-domain socket. */
  readonly address:
    | { readonly host: string; readonly port: number }
    | { readonly path: string; readonly mode: number }
}

/** Takes a connection of the endpoint that it was opened for, paused: nothing was read from it. */
export type ConnectionHandler = (socket: Socket) => void

interface Listener {
  readonly server: Server
  handler: ConnectionHandler
}

const BACKLOG = 511 // Clients beyond the process limit wait here; the kernel may lower it.

/**
 * The listening sockets of the mail system. An endpoint that stays the same through a reload keeps
 * its socket, so no client is refused (G-45).
 */
export class Listeners {
  readonly #listeners = new Map<string, Listener>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /**
   * Opens what is new, closes what is gone, and gives what stays its new handler. If an endpoint
   * cannot be opened, those opened by this call are closed again and the others stay as they were.
   *
   * @throws {MasterError} `bind`
   */
  async update(wanted: ReadonlyMap<Endpoint, ConnectionHandler>): Promise<void> {
    const byKey = new Map(
      [...wanted].map(([endpoint, handler]) => [keyOf(endpoint), { endpoint, handler }]),
    )
    const opened = new Map<string, Listener>()
    try {
      for (const [key, { endpoint, handler }] of byKey) {
        if (!this.#listeners.has(key)) opened.set(key, await this.#open(endpoint, handler))
      }
    } catch (error) {
      for (const { server } of opened.values()) server.close()
      throw error
    }
    for (const [key, listener] of this.#listeners) {
      const stays = byKey.get(key)
      if (stays !== undefined) listener.handler = stays.handler
    }
    this.#closeAllBut(byKey)
    for (const [key, listener] of opened) this.#listeners.set(key, listener)
  }

  /** Stops listening. Connections that were accepted go on. */
  close(): void {
    this.#closeAllBut(new Map())
  }

  /** Where the service listens now: `host:port` or a path, one for each of its sockets. */
  addresses(): string[] {
    return [...this.#listeners.values()].map(({ server }) => {
      const address = server.address()
      if (address === null || typeof address === 'string') return String(address)
      return `${address.address}:${address.port}`
    })
  }

  #closeAllBut(keys: ReadonlyMap<string, unknown>): void {
    for (const [key, { server }] of this.#listeners) {
      if (keys.has(key)) continue
      server.close() // Its `close` event would wait for the clients; nobody does.
      this.#listeners.delete(key)
    }
  }

  #open({ service, address }: Endpoint, handler: ConnectionHandler): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    // A socket file outlives a process that was killed; whoever holds the instance lock owns it.
    if ('path' in address) rmSync(address.path, { force: true })
    const listener: Listener = { server, handler }
    server.on('connection', (socket) => listener.handler(socket))
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        const where = 'path' in address ? address.path : `${address.host}:${address.port}`
        const message = `service ${service}: cannot listen on ${where}: ${error.message}`
        reject(new MasterError('bind', message, { cause: error }))
      })
      server.listen(listenOptions(address), () => {
        server.removeAllListeners('error')
        server.on('error', (error) => this.#log.error(`accept connection: ${error.message}`))
        resolve(listener)
      })
    })
  }
}

function listenOptions(address: Endpoint['address']): ListenOptions {
  // Its own family only: the wildcard of the other one has a socket of its own (G-38).
  if (!('path' in address)) return { ...address, backlog: BACKLOG, ipv6Only: isIPv6(address.host) }
  const everybody = (address.mode & 0o006) === 0o006
  return { path: address.path, backlog: BACKLOG, readableAll: everybody, writableAll: everybody }
}

function keyOf({ address }: Endpoint): string {
  return 'path' in address ? address.path : `${address.host} ${address.port}`
}
