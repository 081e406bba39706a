import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

const LOOPBACK = ['127.0.0.1', '::1']

/** Addresses to listen on, and by which this host knows itself. */
export interface OwnAddresses {
  /** `inet_interfaces` says `all`: listen on wildcard addresses. */
  readonly wildcard: boolean
  /** Numeric addresses of the enabled families. */
  readonly addresses: readonly string[]
}

/**
 * Expands `inet_interfaces`: `all`, `loopback-only`, addresses and host names.
 *
 * @param families 4 and 6, as far as `inet_protocols` enables them.
 * @throws {Error} `config variable inet_interfaces: host not found: NAME` (G-19).
 */
export async function expandInterfaces(
  words: readonly string[],
  families: readonly (4 | 6)[],
): Promise<OwnAddresses> {
  const expanded = await Promise.all(words.map(expandWord))
  const addresses = expanded.flat().filter((address) => families.some((f) => f === isIP(address)))
  return { wildcard: words.includes('all'), addresses: [...new Set(addresses)] }
}

async function expandWord(word: string): Promise<string[]> {
  if (word === 'loopback-only') return LOOPBACK
  if (word === 'all') return interfaceAddresses()
  const bare = word.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return [bare]
  try {
    return (await lookup(word, { all: true })).map(({ address }) => address)
  } catch (error) {
    const message = `config variable inet_interfaces: host not found: ${word}`
    throw new Error(message, { cause: error })
  }
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address.replace(/%.*/, ''))
}
