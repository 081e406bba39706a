import { isIP } from 'node:net'
import { join } from 'node:path'

import { ConfigError, type MasterService, parseInetService } from '@posthouse/config'

import type { Endpoint } from './listeners.ts'

/** Where sockets of services can be. */
export interface ServicePlaces {
  /** Holds the directories `private` and `public`. */
  readonly queueDirectory: string
  /** `inet_interfaces` says `all`: services without a host listen on the wildcard addresses. */
  readonly wildcard: boolean
  /** Addresses of `inet_interfaces`, of the families that are enabled. */
  readonly addresses: readonly string[]
  /** The families that `inet_protocols` enables. */
  readonly families: readonly (4 | 6)[]
  /** The port of a TCP service name; undefined if nobody knows it. */
  readonly servicePort: (name: string) => number | undefined
  /** All addresses of a host name. Rejects if there are none. */
  readonly lookupHost: (name: string) => Promise<readonly string[]>
}

const WILDCARDS = { 4: '0.0.0.0', 6: '::' } as const
const EVERYBODY = 0o666
const NO_INTERFACE =
  'service definition requires valid host name or address, or non-empty inet_interfaces setting'

/**
 * The sockets of a service (G-38). `inet`: one for each address of its host, or without a host for
 * each of `inet_interfaces`, as far as `inet_protocols` has their family. Other types: one in
 * `private` or `public` below the queue directory.
 *
 * @throws {ConfigError} `value`, as a rejection: host or port are unknown, or there is no address.
 */
export async function serviceEndpoints(
  service: MasterService,
  places: ServicePlaces,
): Promise<Endpoint[]> {
  const { name, type } = service
  if (type !== 'inet') {
    const path = join(places.queueDirectory, service.private ? 'private' : 'public', name)
    return [{ service: name, address: { path, mode: EVERYBODY } }]
  }
  const { host, port } = parseInetService(name, places.servicePort, service)
  const hosts = host === undefined ? ownHosts(places) : await addressesOf(host, service, places)
  if (hosts.length === 0) throw noAddress(service, host)
  return [...new Set(hosts)].map((address) => ({ service: name, address: { host: address, port } }))
}

function ownHosts({ wildcard, addresses, families }: ServicePlaces): readonly string[] {
  if (!wildcard) return addresses
  // A machine without addresses of a family cannot listen on its wildcard.
  return families
    .filter((family) => addresses.some((address) => isIP(address) === family))
    .map((family) => WILDCARDS[family])
}

async function addressesOf(
  host: string,
  service: MasterService,
  { families, lookupHost }: ServicePlaces,
): Promise<string[]> {
  try {
    const found = isIP(host) === 0 ? await lookupHost(host) : [host]
    return found.filter((address) => families.some((family) => family === isIP(address)))
  } catch (error) {
    throw noAddress(service, host, error)
  }
}

/** In the words of G-43. */
function noAddress(service: MasterService, host: string | undefined, cause?: unknown): ConfigError {
  const { file, line, name } = service
  const what = host === undefined ? NO_INTERFACE : `bad hostname or network address: ${name}`
  const expected = 'an address of this host, of a family that inet_protocols enables'
  const error = new ConfigError('value', `${file}: line ${line}: ${what}`, {
    ...{ file, line, value: name, expected },
  })
  error.cause = cause
  return error
}
