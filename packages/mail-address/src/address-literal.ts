import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** The IP address inside an address literal. */
export interface AddressLiteral {
  readonly family: 4 | 6
  /** Normalised: two literals of one address have the same text here (RFC 5952 for IPv6). */
  readonly address: string
}

const IPV6_LITERAL = /^\[IPv6:(.*)\]$/i

/**
 * Reads a domain of the form `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3, `G-143`).
 * Anything else is undefined, also `[::1]` without `IPv6:` and IPv6 addresses with a zone.
 */
export function parseAddressLiteral(domain: string): AddressLiteral | undefined {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return undefined
  const ipv4 = domain.slice(1, -1)
  if (isIPv4(ipv4)) return { family: 4, address: ipv4 }
  const ipv6 = IPV6_LITERAL.exec(domain)?.[1]
  if (ipv6 === undefined || ipv6.includes('%') || !isIPv6(ipv6)) return undefined
  return { family: 6, address: new SocketAddress({ family: 'ipv6', address: ipv6 }).address }
}

/** Whether a domain is a valid address literal. */
export function isAddressLiteral(domain: string): boolean {
  return parseAddressLiteral(domain) !== undefined
}
