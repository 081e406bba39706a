import { lookup, lookupService } from 'node:dns/promises'
import type { HostNameResolver } from '@posthouse/qmqp-server'
import { LRUCache } from 'lru-cache'

const MAX_NAMES = 10_000
const TTL_MS = 60_000

/**
 * Names and addresses of hosts as the system knows them (hosts file, DNS), remembered for a minute:
 * mail comes from few clients, and each connection asks twice.
 */
export function systemHostNames(): HostNameResolver {
  const names = new LRUCache<string, { readonly name: string | undefined }>({
    max: MAX_NAMES,
    ttl: TTL_MS,
    fetchMethod: async (address) => ({ name: await reverse(address) }),
  })
  const addresses = new LRUCache<string, readonly string[]>({
    max: MAX_NAMES,
    ttl: TTL_MS,
    fetchMethod: async (key) => forward(key.slice(1), key.startsWith('6') ? 6 : 4),
  })
  return {
    reverse: async (address) => (await names.fetch(address))?.name,
    forward: async (name, family) => (await addresses.fetch(`${family}${name}`)) ?? [],
  }
}

async function reverse(address: string): Promise<string | undefined> {
  try {
    return (await lookupService(address, 0)).hostname
  } catch {
    return undefined // No name, or none now: the client is `unknown`.
  }
}

async function forward(name: string, family: 4 | 6): Promise<readonly string[]> {
  try {
    const found = await lookup(name, { all: true, family })
    return found.map(({ address }) => address)
  } catch (error) {
    throw new Error('Name or service not known', { cause: error })
  }
}
