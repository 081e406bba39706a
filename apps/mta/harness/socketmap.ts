import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** What to answer for a key, such as `OK x`; undefined: nothing, yet. */
export type Answer = (key: string) => string | undefined

/** A socketmap server of one request per read, that can be told to keep silent. */
export class SocketmapServer {
  /** Keys that were asked for, in order. */
  readonly asked: string[] = []
  readonly #server: Server
  readonly #waiting = new Map<Socket, string>()
  #answer: Answer

  private constructor(answer: Answer) {
    this.#answer = answer
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('close', () => this.#waiting.delete(socket))
      socket.on('data', (chunk: Buffer) => this.#take(socket, chunk.toString()))
    })
  }

  static async listen(answer: Answer): Promise<SocketmapServer> {
    const server = new SocketmapServer(answer)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  /** The table `domains` of this server. */
  get table(): string {
    const { port } = this.#server.address() as AddressInfo
    return `socketmap:inet:127.0.0.1:${port}:domains`
  }

  /** From now on answers so, also those who wait. */
  answer(answer: Answer): void {
    this.#answer = answer
    for (const [socket, key] of this.#waiting) this.#reply(socket, key)
  }

  /** Ends the connections of those who wait. */
  hangUp(): void {
    for (const socket of this.#waiting.keys()) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.hangUp()
  }

  #take(socket: Socket, request: string): void {
    const key = /^\d+:domains (.*),$/s.exec(request)?.[1] ?? ''
    this.asked.push(key)
    this.#waiting.set(socket, key)
    this.#reply(socket, key)
  }

  #reply(socket: Socket, key: string): void {
    const answer = this.#answer(key)
    if (answer === undefined) return
    this.#waiting.delete(socket)
    socket.write(`${Buffer.byteLength(answer)}:${answer},`)
  }
}
