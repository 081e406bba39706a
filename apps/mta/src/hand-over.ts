import type { MasterService } from '@posthouse/config'
import type { ConnectionHandler } from '@posthouse/master'
import type { QmqpServer } from '@posthouse/qmqp-server'

import type { Generation } from './generation.ts'

/** Gives clients to the server of their service, as soon as there is one. */
export function handOver(service: MasterService, ready: Promise<Generation>): ConnectionHandler {
  let server: QmqpServer | undefined
  const opening = ready.then(({ qmqpServers }) => {
    server = qmqpServers.get(service)
  })
  return (socket) => {
    if (server !== undefined) {
      server.handle(socket)
      return
    }
    socket.on('error', () => undefined) // It may leave before its turn; `close` follows.
    void opening.then(() => server?.handle(socket))
  }
}
