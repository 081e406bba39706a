import { isIP } from 'node:net'
import {
  type Config,
  type MasterService,
  parseInetService,
  parseKnownTcpPorts,
} from '@posthouse/config'
import type { Endpoint } from '@posthouse/master'

import type { OwnAddresses } from './own-addresses.ts'
import { servicePort } from './system-services.ts'

const WILDCARDS = { 4: '0.0.0.0', 6: '::' } as const

/** The sockets of an `inet` service: one for each address that it is to listen on (G-38). */
export function inetEndpoints(
  service: MasterService,
  config: Config,
  own: OwnAddresses,
  families: readonly (4 | 6)[],
): Endpoint[] {
  const { ports } = parseKnownTcpPorts(config.settings.expanded('known_tcp_ports'))
  const portOf = (name: string) => ports.get(name) ?? servicePort(name)
  const { host, port } = parseInetService(service.name, portOf)
  const hosts =
    host !== undefined
      ? [host]
      : own.wildcard
        ? families.filter((family) => has(own, family)).map((family) => WILDCARDS[family])
        : own.addresses
  return hosts.map((address) => ({ service: service.name, address: { host: address, port } }))
}

// A machine without addresses of a family cannot listen on its wildcard.
function has({ addresses }: OwnAddresses, family: 4 | 6): boolean {
  return addresses.some((address) => isIP(address) === family)
}
