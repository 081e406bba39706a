import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@posthouse/mail-log'
import { encodeListing, listQueue } from '@posthouse/postqueue'

import { listingOptions, listingPorts } from './listing-options.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'

/** A client that takes nothing for so long has gone away. */
const IDLE_LIMIT_MS = 100_000

/**
 * The showq service: tells a client what is in the queue, as fast as it takes that. The client has
 * nothing to ask for.
 */
export function serveShowq(socket: Socket, configuration: Configuration, log: Logger): void {
  const options = listingOptions(configOfProgram(configuration, 'showq'))
  const ports = { ...listingPorts(), warn: (text: string) => log.warning(text) }
  socket.setTimeout(IDLE_LIMIT_MS, () => socket.destroy())
  socket.resume()
  const listing = Readable.from(encodeListing(listQueue(options, ports), options.smtputf8), {
    objectMode: false,
  })
  pipeline(listing, socket)
    .catch((error: NodeJS.ErrnoException) => {
      // A client may have seen enough, as that of `mailq | head` has.
      if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
      if (error.code !== 'ECONNRESET') log.warning(`cannot list the queue: ${error.message}`)
    })
    .finally(() => socket.destroy()) // Others wait for its turn.
}
