import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

import { certificatePath } from './secure-destination.ts'

/** A command, or where the server may misbehave besides; `TLS`: when the handshake is over. */
export type Step =
  | 'greeting'
  | 'EHLO'
  | 'STARTTLS'
  | 'TLS'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | '.'
  | 'RSET'

/** How a server is, until it does what it does at one step, and answers nothing any more. */
export interface Character {
  readonly step?: Step
  readonly misdeed?: (socket: Socket) => void
  /** Beside those of RFC 5321. */
  readonly keywords?: readonly string[]
  /** Replies other than the usual ones. */
  readonly replies?: Readonly<Partial<Record<Step, string>>>
}

const KEYWORDS = ['PIPELINING', '8BITMIME']
const USUAL: Readonly<Partial<Record<string, string>>> = {
  greeting: '220 hostile.test ESMTP',
  STARTTLS: '220 2.0.0 go',
  DATA: '354 go',
}
const DRIP_MS = 1000
const WRITE_OCTETS = 65_536

const secureContext = createSecureContext({
  cert: readFileSync(certificatePath('good.pem')),
  key: readFileSync(certificatePath('good.key')),
})

/** A server that does as it should until one step of the conversation. */
export class HostileServer {
  /** Messages that were taken, and connections that were made, and those that are still open. */
  taken = 0
  made = 0
  readonly open: Set<Socket> = new Set()
  readonly #server: Server
  readonly #character: Character

  private constructor(character: Character) {
    this.#character = character
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.made++
      this.open.add(socket)
      socket.on('close', () => this.open.delete(socket))
      this.#serve(socket, 'greeting')
    })
  }

  static async listen(character: Character): Promise<HostileServer> {
    const hostile = new HostileServer(character)
    hostile.#server.listen(0, '127.0.0.1')
    await once(hostile.#server, 'listening')
    return hostile
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.open) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket, first: 'greeting' | 'TLS'): void {
    socket.on('error', () => undefined) // The client gives up.
    if (this.#misbehaves(socket, first)) return
    if (first === 'greeting') this.#reply(socket, first)
    let received = ''
    let inData = false
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1')
      const isOver = inData ? this.#misbehaves(socket, 'content') : false
      for (let at = isOver ? -1 : end(); at >= 0; at = end()) {
        const step = inData ? '.' : (/^\w+/.exec(received)?.[0] ?? '')
        received = received.slice(at)
        inData = step === 'DATA'
        if (!this.#answers(socket, step)) return void socket.off('data', onData)
      }
      if (isOver) socket.off('data', onData)
    }
    const end = (): number => {
      const mark = inData ? '\r\n.\r\n' : '\r\n'
      const at = received.indexOf(mark)
      return at < 0 ? -1 : at + mark.length
    }
    socket.on('data', onData)
  }

  /** @returns whether the conversation goes on here. */
  #answers(socket: Socket, step: string): boolean {
    if (this.#misbehaves(socket, step)) return false
    if (step === '.') this.taken++
    this.#reply(socket, step)
    if (step !== 'STARTTLS') return true
    const secure = new TLSSocket(socket, { isServer: true, secureContext })
    secure.on('secure', () => this.#serve(secure, 'TLS'))
    secure.on('error', () => undefined)
    return false
  }

  #misbehaves(socket: Socket, step: string): boolean {
    if (step !== this.#character.step) return false
    this.#character.misdeed?.(socket)
    return true
  }

  #reply(socket: Socket, step: string): void {
    const { replies = {}, keywords = KEYWORDS } = this.#character
    const own = replies[step as Step] ?? USUAL[step]
    const lines = step === 'EHLO' ? ['hostile.test', ...keywords] : ['2.0.0 ok']
    const usual = lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}`)
    socket.write(`${own ?? usual.join('\r\n')}\r\n`)
    if (step === 'QUIT') socket.end()
  }
}

/** Closes the connection. */
export function hangUp(socket: Socket): void {
  socket.destroy()
}

/** Says nothing more. */
export function fallSilent(socket: Socket): void {
  socket.resume()
}

/** Says nothing more, and reads nothing more. */
export function freeze(socket: Socket): void {
  socket.pause()
}

/** Says this for ever, as fast as it is read. */
export function flood(text: string): (socket: Socket) => void {
  const octets = Buffer.from(text.repeat(Math.ceil(WRITE_OCTETS / text.length)))
  return (socket) => {
    const write = (): void => {
      while (!socket.destroyed && socket.write(octets));
    }
    socket.on('drain', write)
    write()
  }
}

/** Says this for ever, a piece, or octet, each second. */
export function drip(text: string | readonly string[]): (socket: Socket) => void {
  return (socket) => {
    let at = 0
    const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), DRIP_MS)
    socket.on('close', () => clearInterval(timer))
  }
}
