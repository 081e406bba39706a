import { isIP } from 'node:net'

import { isValidHostname } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import { type QmqpClientAddress, UNKNOWN } from './client-identity.ts'

/** The two questions that a client's name takes. May answer from hosts files as well as the DNS. */
export interface HostNameResolver {
  /** The name of an address; undefined, or a rejection, if there is none. */
  reverse(address: string): Promise<string | undefined>
  /**
   * The addresses of a name, of one family. A rejection's message ends up in the log after
   * `hostname N does not resolve to address A: `, so it should read `Name or service not known`.
   */
  forward(name: string, family: 4 | 6): Promise<readonly string[]>
}

/**
 * Makes the `lookupName` of a QMQP server: a client has the name that its address has, in the same
 * letters, if the name has that address too; else it is `unknown` (rules ). Never
 * rejects: a failed lookup turns nobody away by itself. Nothing is cached.
 */
export function createClientNameLookup(
  resolver: HostNameResolver,
  log: Logger,
): (client: QmqpClientAddress) => Promise<string> {
  return async ({ address, family }) => {
    const name = await resolver.reverse(address).catch(() => undefined)
    if (name === undefined) return UNKNOWN
    if (isIP(name) !== 0) {
      log.warning(`numeric hostname: ${name}`, { clientAddress: address })
      return UNKNOWN
    }
    if (!isValidHostname(name)) return UNKNOWN
    try {
      if ((await resolver.forward(name, family)).includes(address)) return name
      const text = `hostname ${name} does not resolve to address ${address}`
      log.warning(text, { clientAddress: address })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const text = `hostname ${name} does not resolve to address ${address}: ${reason}`
      log.warning(text, { clientAddress: address, reason })
    }
    return UNKNOWN
  }
}
