import { once } from 'node:events'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'

const servers: Server[] = []
const sockets = new Set<Socket>()

/** Call after each test. */
export function closeServers(): void {
  for (const server of servers.splice(0)) server.close()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
}

/** Does what `serve` does with each connection, on a port of its own unless told another place. */
export async function listenOn(
  serve: (socket: Socket) => void,
  place: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<number> {
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  servers.push(server)
  server.listen(place)
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function refusingPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Reads the whole request, then does what `answer` does. */
export function afterRequest(answer: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    let last = Buffer.alloc(0)
    const take = (chunk: Buffer) => {
      last = Buffer.concat([last, chunk]).subarray(-2)
      if (last.toString() !== ',,') return
      socket.off('data', take)
      answer(socket)
    }
    socket.on('data', take)
    socket.resume()
  }
}

/** Sends a reply a byte at a time, then closes. */
export async function trickle(socket: Socket, reply: string): Promise<void> {
  for (const byte of reply) {
    socket.write(byte)
    await new Promise(setImmediate)
  }
  socket.end()
}
