import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

// As far away as another continent.
const ANSWER_AFTER_MS = 50

/** A destination that is down, but not here: it turns each client away, after a while. */
export class BusyServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #clients = 0

  private constructor() {
    this.#server = createServer((socket) => {
      this.#clients += 1
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined) // The client may go without good-bye.
      setTimeout(() => socket.end('421 4.3.2 not now\r\n'), ANSWER_AFTER_MS)
    })
  }

  static async listen(): Promise<BusyServer> {
    const busy = new BusyServer()
    busy.#server.listen(0, '127.0.0.1')
    await once(busy.#server, 'listening')
    return busy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Clients since the last time. */
  takeClients(): number {
    const clients = this.#clients
    this.#clients = 0
    return clients
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
