import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'

import { pem } from './tls-settings.ts'

/** What a server does other than to take whatever it is sent. */
export interface TlsServerOptions {
  /** Of `vectors/tls`; default: `good`. */
  readonly certificate?: string
  /** PEM, instead of it. */
  readonly identity?: { readonly cert: string; readonly key: string }
  /** How it speaks TLS, beside its identity. */
  readonly context?: SecureContextOptions
  /** Instead of a handshake, after the reply to STARTTLS. */
  readonly instead?: (socket: Socket) => void
  /** STARTTLS is not offered, or refused with this reply. */
  readonly starttls?: 'missing' | `${number} ${string}`
  /** In TLS, after each of its replies to EHLO. */
  readonly afterEhlo?: (socket: TLSSocket, raw: Socket) => void
  /** More keywords, in TLS and outside. */
  readonly keywords?: readonly string[]
}

/** What one connection came to. */
export interface SeenConnection {
  readonly commands: string[]
  sni: string | undefined
  isResumed: boolean
}

const HELLO = /^(EHLO|LHLO)/

/** An SMTP or LMTP server with STARTTLS, on a port of 127.0.0.1. */
export class TlsServer {
  readonly connections: SeenConnection[] = []
  port = 0
  readonly #options: TlsServerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #context

  private constructor(options: TlsServerOptions) {
    const { certificate = 'good' } = options
    const named = () => ({ cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`) })
    this.#options = options
    this.#context = createSecureContext({ ...(options.identity ?? named()), ...options.context })
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async listen(options: TlsServerOptions = {}): Promise<TlsServer> {
    const server = new TlsServer(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    const address = server.#server.address()
    server.port = typeof address === 'object' && address !== null ? address.port : 0
    return server
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    const seen: SeenConnection = { commands: [], sni: undefined, isResumed: false }
    this.connections.push(seen)
    socket.write('220 mx.test ESMTP\r\n')
    this.#converse(socket, seen, () => {
      socket.write('220 2.0.0 Ready\r\n')
      if (this.#options.instead !== undefined) this.#options.instead(socket)
      else this.#secure(socket, seen)
    })
  }

  #secure(raw: Socket, seen: SeenConnection): void {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: this.#context })
    socket.on('error', () => undefined)
    socket.on('secure', () => {
      seen.isResumed = socket.isSessionReused()
      if ('servername' in socket && socket.servername) seen.sni = String(socket.servername)
    })
    this.#converse(socket, seen, undefined, () => this.#options.afterEhlo?.(socket, raw))
  }

  #converse(
    socket: Socket,
    { commands }: SeenConnection,
    startTls: (() => void) | undefined,
    afterEhlo: () => void = () => undefined,
  ): void {
    let inData = false
    const receive = (chunk: Buffer): void => {
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
        if (inData && line !== '.') continue
        commands.push(line)
        if (line === 'STARTTLS' && startTls !== undefined && !this.#options.starttls) {
          socket.off('data', receive)
          startTls()
          return
        }
        inData = line === 'DATA'
        socket.cork() // What follows a reply at once goes with it.
        socket.write(this.#reply(line, startTls !== undefined))
        if (HELLO.test(line)) afterEhlo()
        socket.uncork()
      }
    }
    socket.on('data', receive)
  }

  #reply(line: string, offersTls: boolean): string {
    if (line === 'DATA') return '354 go ahead\r\n'
    if (line.startsWith('AUTH')) return '235 2.7.0 ok\r\n'
    const { keywords = [], starttls } = this.#options
    if (line === 'STARTTLS') return `${starttls}\r\n`
    if (!HELLO.test(line)) return '250 2.0.0 ok\r\n'
    const tls = offersTls && starttls !== 'missing' ? ['STARTTLS'] : []
    const lines = ['mx.test', ...tls, ...keywords]
    return lines.map((text, at) => `250${at < lines.length - 1 ? '-' : ' '}${text}\r\n`).join('')
  }
}
