import { isIPv6, SocketAddress } from 'node:net'

import type { MailServer } from './mail-server.ts'

// What was found out about an address is kept, since canonical forms take their time.
const MAX_KNOWN = 1000

/** The addresses at which this host receives mail: `inet_interfaces`, `proxy_interfaces` (C-21). */
export class OwnAddresses {
  readonly #addresses: ReadonlySet<string>
  readonly #known = new Map<string, boolean>()

  /** @param addresses Numeric, in any notation. */
  constructor(addresses: Iterable<string>) {
    this.#addresses = new Set(Array.from(addresses, canonical))
  }

  has(address: string): boolean {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const isOwn = this.#addresses.has(canonical(address))
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(address, isOwn)
    return isOwn
  }
}

/**
 * What is left of an MX list that this host is in: the servers better than the first own address.
 * Its equals go too, in the order given (C-22).
 *
 * @param servers Sorted by preference.
 * @returns the same array if this host is not in it.
 */
export function withoutSelf(
  servers: readonly MailServer[],
  own: OwnAddresses,
): readonly MailServer[] {
  const self = servers.find(({ address }) => own.has(address))
  if (self === undefined) return servers
  return servers.slice(
    0,
    servers.findIndex(({ preference }) => preference === self.preference),
  )
}

// `::1` and `0:0:0:0:0:0:0:1` are one address.
function canonical(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}
