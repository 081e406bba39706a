import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Config } from '@posthouse/config'

const LOOPBACK = ['127.0.0.1', '::1']

/** Addresses to listen on, and by which this host knows itself. */
export interface OwnAddresses {
  /** `inet_interfaces` says `all`: listen on wildcard addresses. */
  readonly wildcard: boolean
  /** Numeric addresses of the enabled families. */
  readonly addresses: readonly string[]
  /** The same, and those of `proxy_interfaces`: mail for them is for this host. */
  readonly withProxies: readonly string[]
}

/**
 * Expands `inet_interfaces` (`all`, `loopback-only`, addresses and host names) and
 * `proxy_interfaces` (addresses and host names).
 *
 * @param families 4 and 6, as far as `inet_protocols` enables them.
 * @throws {ConfigError} as a rejection: `config variable inet_interfaces: host not found: NAME`
 * (G-19).
 */
export async function expandInterfaces(
  config: Config,
  families: readonly (4 | 6)[],
): Promise<OwnAddresses> {
  const words = config.inet_interfaces
  const expanded = await Promise.all(words.map((word) => expandWord(word, config)))
  const addresses = expanded.flat().filter((address) => families.some((f) => f === isIP(address)))
  const proxies = await Promise.all(
    config.proxy_interfaces.map((word) => expandHost(word, 'proxy_interfaces', config)),
  )
  return {
    wildcard: words.includes('all'),
    addresses: [...new Set(addresses)],
    withProxies: [...new Set([...addresses, ...proxies.flat()])],
  }
}

async function expandWord(word: string, config: Config): Promise<string[]> {
  if (word === 'loopback-only') return LOOPBACK
  if (word === 'all') return interfaceAddresses()
  return expandHost(word, 'inet_interfaces', config)
}

async function expandHost(
  word: string,
  parameter: 'inet_interfaces' | 'proxy_interfaces',
  { settings }: Config,
): Promise<string[]> {
  const bare = word.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return [bare]
  try {
    return (await lookup(word, { all: true })).map(({ address }) => address)
  } catch (cause) {
    const message = `config variable ${parameter}: host not found: ${word}`
    const expected = 'addresses, or names of hosts that have addresses'
    const error = settings.error(parameter, message, expected)
    error.cause = cause
    throw error
  }
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address.replace(/%.*/, ''))
}
