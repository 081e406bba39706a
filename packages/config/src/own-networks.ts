import { isIPv6 } from 'node:net'

/** How much around its own addresses a machine calls its networks: `mynetworks_style`. */
export type NetworkStyle = 'class' | 'subnet' | 'host'

/** What decides about {@link ownNetworks}. */
export interface OwnNetworksOptions {
  /** Addresses with prefix length, such as `192.0.2.1/24`. */
  readonly addresses: readonly string[]
  readonly style: NetworkStyle
  /** `inet_interfaces`: `all`, `loopback-only`, or the addresses that count. */
  readonly interfaces: readonly string[]
  /** `inet_protocols`: `all`, `ipv4`, `ipv6`. */
  readonly protocols: readonly string[]
}

const IPV4_BITS = 32
const IPV6_BITS = 128

/**
 * The default of `mynetworks` (G-20): one network for each own address, such as `127.0.0.0/8`,
 * `[::1]/128`. Of `inet_interfaces` only addresses count, not host names. IPv6 has no address
 * classes: there `class` means `subnet`.
 */
export function ownNetworks(options: OwnNetworksOptions): string[] {
  const networks = options.addresses.flatMap((text) => {
    const [address = '', prefix = ''] = text.split('/')
    if (!isUsed(address, options)) return []
    return [network(address, Number(prefix), options.style)]
  })
  return [...new Set(networks)]
}

function isUsed(address: string, { interfaces, protocols }: OwnNetworksOptions): boolean {
  const protocol = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (!protocols.includes('all') && !protocols.includes(protocol)) return false
  if (interfaces.includes('all')) return true
  if (interfaces.includes('loopback-only')) return /^127\.|^::1$/.test(address)
  return interfaces.some((name) => name.replace(/^\[(.*)\]$/, '$1') === address)
}

function network(address: string, prefix: number, style: NetworkStyle): string {
  if (isIPv6(address)) {
    const bits = style === 'host' ? IPV6_BITS : prefix
    return `[${formatIpv6(mask(parseIpv6(address), IPV6_BITS, bits))}]/${bits}`
  }
  const value = parseIpv4(address)
  const bits = style === 'host' ? IPV4_BITS : style === 'class' ? classBits(value) : prefix
  return `${formatIpv4(mask(value, IPV4_BITS, bits))}/${bits}`
}

function mask(value: bigint, width: number, bits: number): bigint {
  const hostBits = BigInt(width - bits)
  return (value >> hostBits) << hostBits
}

// Class A, B and C; a class D address stands for itself.
function classBits(value: bigint): number {
  const first = Number(value >> 24n)
  return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : IPV4_BITS
}

function parseIpv4(address: string): bigint {
  return address.split('.').reduce((value, byte) => value * 256n + BigInt(byte), 0n)
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
}

function parseIpv6(address: string): bigint {
  const [head = '', tail] = address.replace(/%.*/, '').split('::')
  const front = groups(head)
  const back = groups(tail ?? '')
  const gap = Array<bigint>(8 - front.length - back.length).fill(0n)
  return [...front, ...gap, ...back].reduce((value, group) => value * 65_536n + group, 0n)
}

function groups(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const ipv4 = parseIpv4(group)
    return [ipv4 >> 16n, ipv4 & 65_535n]
  })
}

// URL knows the canonical form of RFC 5952.
function formatIpv6(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0').match(/.{4}/g)!.join(':')
  return new URL(`http://[${hex}]`).hostname.slice(1, -1)
}
