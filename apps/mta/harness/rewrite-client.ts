import { createConnection, type Socket } from 'node:net'

import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

/** What trivial-rewrite(8) replies (G-152). */
export interface RewriteReply {
  readonly transport: string
  readonly nexthop: string
  readonly recipient: string
  readonly flags: number
}

const END = '\0\0'
const REPLY = /^flags\0\d+\0transport\0(.*)\0nexthop\0(.*)\0recipient\0(.*)\0flags\0(\d+)\0\0$/s

/** A client of Postfix's trivial-rewrite(8), over one connection. */
export class RewriteClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on('close', () => this.#wake())
    socket.on('error', () => this.#wake())
  }

  /** @param path Of its socket, such as `private/rewrite` in the queue directory. */
  static async connect(path: string): Promise<RewriteClient> {
    const client = new RewriteClient(createConnection(path))
    await client.#until(() => client.#received.includes('rewrite_protocol\0\0'))
    return client
  }

  /** Both addresses in internal form. One request at a time. */
  async ask(
    request: 'resolve' | 'verify',
    sender: string,
    recipient: string,
  ): Promise<RewriteReply> {
    this.#received = Buffer.alloc(0)
    const attributes = ['request', request, 'sender', sender, 'address', recipient]
    this.#socket.write(encodeAddress(attributes.join('\0') + END))
    await this.#until(() => REPLY.test(decodeAddress(this.#received)))
    const [, transport, nexthop, address, flags] = REPLY.exec(decodeAddress(this.#received))!
    return { transport: transport!, nexthop: nexthop!, recipient: address!, flags: Number(flags) }
  }

  close(): void {
    this.#socket.destroy()
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.#socket.destroyed) throw new Error(`no reply, but: ${this.#received.toString()}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
