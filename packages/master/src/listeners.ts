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
  readonly endpoint: Endpoint
  readonly server: Server
  handler: ConnectionHandler
}

const WILDCARDS = ['0.0.0.0', '::']
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
   * Only where a port moves between a wildcard address and a single one is there a moment in which
   * nobody listens: the system does not let both be open.
   *
   * @throws {MasterError} `bind`, also if two endpoints have one address
   */
  async update(wanted: ReadonlyMap<Endpoint, ConnectionHandler>): Promise<void> {
    const byKey = keyed(wanted)
    const isNew = (key: string) => !this.#listeners.has(key)
    const added = [...byKey].filter(([key]) => isNew(key))
    const inTheWay = [...this.#listeners].filter(
      ([key, { endpoint }]) =>
        !byKey.has(key) && added.some(([, one]) => excludes(endpoint, one.endpoint)),
    )
    this.#close(inTheWay)
    const opened = new Map<string, Listener>()
    try {
      for (const [key, { endpoint, handler }] of added) {
        opened.set(key, await this.#open(endpoint, handler))
      }
    } catch (error) {
      for (const { server } of opened.values()) server.close()
      for (const [key, old] of inTheWay) await this.#reopen(key, old)
      throw error
    }
    for (const [key, { handler }] of byKey) {
      const stays = this.#listeners.get(key)
      if (stays !== undefined) stays.handler = handler
    }
    this.#close([...this.#listeners].filter(([key]) => !byKey.has(key)))
    for (const [key, listener] of opened) this.#listeners.set(key, listener)
  }

  /** Stops listening. Connections that were accepted go on. */
  close(): void {
    this.#close([...this.#listeners])
  }

  /** Where the service listens now: `host:port` or a path, one for each of its sockets. */
  addresses(): string[] {
    return [...this.#listeners.values()].map(({ server }) => {
      const address = server.address()
      if (address === null || typeof address === 'string') return String(address)
      return `${address.address}:${address.port}`
    })
  }

  #close(listeners: readonly (readonly [key: string, Listener])[]): void {
    for (const [key, { server }] of listeners) {
      server.close() // Its `close` event would wait for the clients; nobody does.
      this.#listeners.delete(key)
    }
  }

  async #reopen(key: string, { endpoint, handler }: Listener): Promise<void> {
    try {
      this.#listeners.set(key, await this.#open(endpoint, handler))
    } catch (error) {
      this.#log.error(error instanceof Error ? error.message : String(error))
    }
  }

  #open(endpoint: Endpoint, handler: ConnectionHandler): Promise<Listener> {
    const { service, address } = endpoint
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    // A socket file outlives a process that was killed; whoever holds the instance lock owns it.
    if ('path' in address) rmSync(address.path, { force: true })
    const listener: Listener = { endpoint, server, handler }
    server.on('connection', (socket) => listener.handler(socket))
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        reject(cannotListen(service, address, error.message, error))
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

interface Wanted {
  readonly endpoint: Endpoint
  readonly handler: ConnectionHandler
}

function keyed(wanted: ReadonlyMap<Endpoint, ConnectionHandler>): Map<string, Wanted> {
  const byKey = new Map<string, Wanted>()
  for (const [endpoint, handler] of wanted) {
    const key = keyOf(endpoint)
    const other = byKey.get(key)?.endpoint.service
    if (other !== undefined) {
      throw cannotListen(endpoint.service, endpoint.address, `service ${other} listens there`)
    }
    byKey.set(key, { endpoint, handler })
  }
  return byKey
}

function keyOf({ address }: Endpoint): string {
  return 'path' in address ? address.path : `${address.host} ${address.port}`
}

/** Whether the system refuses to have both open: one port on all addresses and on one of them. */
function excludes({ address: one }: Endpoint, { address: other }: Endpoint): boolean {
  if ('path' in one || 'path' in other || one.port !== other.port) return false
  if (isIPv6(one.host) !== isIPv6(other.host)) return false
  return WILDCARDS.includes(one.host) || WILDCARDS.includes(other.host)
}

function cannotListen(
  service: string,
  address: Endpoint['address'],
  reason: string,
  cause?: unknown,
): MasterError {
  const where = 'path' in address ? address.path : formatTcp(address)
  const message = `service ${service}: cannot listen on ${where}: ${reason}`
  return new MasterError('bind', message, { cause })
}

function formatTcp({ host, port }: { readonly host: string; readonly port: number }): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
