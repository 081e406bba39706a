import { lookup, lookupService } from 'node:dns/promises'
import { systemClock as clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import {
  createClientNameLookup,
  type HostNameResolver,
  type QmqpClientAddress,
} from '@posthouse/qmqp-server'
import { LRUCache } from 'lru-cache'

const MAX_NAMES = 10_000
const TTL_MS = 60_000

interface KnownName {
  readonly name: string
  readonly untilMs: number
}

/**
 * Host names of clients as the system knows them (hosts file, DNS), remembered for a minute: mail
 * comes from few clients, each with many connections.
 */
export function clientNames(log: Logger): (client: QmqpClientAddress) => string | Promise<string> {
  // Not with the `ttl` of the cache, which costs more than the rest of looking.
  const names = new LRUCache<string, KnownName>({ max: MAX_NAMES })
  const ask = createClientNameLookup(SYSTEM, log)
  const askAndKeep = async (client: QmqpClientAddress): Promise<string> => {
    const name = await ask(client)
    names.set(client.address, { name, untilMs: clock.now() + TTL_MS })
    return name
  }
  return (client) => {
    const known = names.get(client.address)
    return known !== undefined && clock.now() < known.untilMs ? known.name : askAndKeep(client)
  }
}

const SYSTEM: HostNameResolver = {
  reverse: async (address) => (await lookupService(address, 0)).hostname,
  forward: async (name, family) => {
    try {
      const found = await lookup(name, { all: true, family })
      return found.map(({ address }) => address)
    } catch (error) {
      throw new Error(explain(error), { cause: error })
    }
  },
}

/** In the words of the system's resolver, which Node has replaced. */
function explain(error: unknown): string {
  const isTemporary = error instanceof Error && 'code' in error && error.code === 'EAI_AGAIN'
  return isTemporary ? 'Temporary failure in name resolution' : 'Name or service not known'
}
