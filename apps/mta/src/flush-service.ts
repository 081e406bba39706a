import { chmod } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@posthouse/mail-log'
import { type FlushSystem, serveFlush } from '@posthouse/postqueue'

import { listingOptions, listingPorts } from './listing-options.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { domainMatcher, parentStyle } from './match-lists.ts'
import { Tables } from './tables.ts'

const PATIENCE_MS = 10_000

/**
 * The flush service: has a message, or those for a site, tried now. It keeps no logs of the mail
 * for a site, so looking for it takes as long as it takes to look at all deferred mail.
 *
 * @param trigger Asks something of the queue manager (S-36).
 */
export function serveFlushClient(
  socket: Socket,
  configuration: Configuration,
  log: Logger,
  trigger: (requests: Uint8Array) => void,
): void {
  const config = configOfProgram(configuration, 'flush')
  const tables = new Tables()
  const isFastFlushDomain = (domain: string): boolean | Promise<boolean> => {
    const style = parentStyle('fast_flush_domains', config)
    return domainMatcher('fast_flush_domains', { config, log }, tables, style)(domain)
  }
  const system: FlushSystem = {
    ...listingOptions(config),
    ...listingPorts(),
    isFastFlushDomain,
    isRunning: () => true,
    trigger: async (_, requests) => trigger(Buffer.from(requests)),
    setMode: chmod,
  }
  socket.setTimeout(PATIENCE_MS, () => {
    // Its request has come when the answer is being worked on.
    if (socket.bytesRead === 0) socket.destroy()
  })
  const chunks = socket.iterator({ destroyOnReturn: false })
  const answers = serveFlush(chunks, system, (text) => log.warning(text))
  pipeline(Readable.from(answers, { objectMode: false }), socket)
    .catch((error: NodeJS.ErrnoException) => {
      // A client may leave; what it asked for is done, or was not understood.
      if (error.code === 'protocol') log.warning(error.message)
    })
    .finally(() => {
      tables.close()
      socket.destroy() // Others wait for its turn.
    })
}
