import { parseAddressLiteral } from '@posthouse/mail-address'

import type { DomainMatcher } from './domain-matcher.ts'

/**
 * Tells local domains (`G-143`): those of `mydestination`, and literals of this host's addresses.
 *
 * @param ownAddresses IP addresses without brackets, in any notation.
 */
export function localDomains(
  mydestination: DomainMatcher,
  ownAddresses: readonly string[],
): DomainMatcher {
  const own = new Set(ownAddresses.map((address) => normalise(literalOf(address))))
  return (domain) => {
    const name = domain.endsWith('.') ? domain.slice(0, -1) : domain
    if (!name.startsWith('[')) return mydestination(name)
    const literal = normalise(name)
    return literal !== undefined && own.has(literal)
  }
}

function literalOf(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`
}

function normalise(literal: string): string | undefined {
  return parseAddressLiteral(literal)?.address
}
