import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'

/**
 * Asks something of a service that runs on a queue directory, as `postkick public NAME BYTES` does
 * (S-36). There is no answer.
 *
 * Rejects with the error of the system call if nobody listens.
 *
 * @param requests A byte each.
 */
export async function triggerService(
  queueDirectory: string,
  name: string,
  requests: string,
): Promise<void> {
  const socket = connect(join(queueDirectory, 'public', name))
  await once(socket, 'connect')
  socket.on('error', () => undefined) // It may have read what it wanted, and have closed.
  socket.end(`${requests}\0`)
  await once(socket, 'close')
}
