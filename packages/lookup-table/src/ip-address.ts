import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** An IP address: one word of 32 bits for IPv4, four for IPv6. */
export type IpAddress = readonly number[]

/**
 * Reads an IP address: four decimal numbers without leading zeros, or IPv6 in any spelling. No
 * short forms (`127.1`), no `%zone`, no brackets. IPv4-mapped IPv6 stays IPv6.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return [ipv4Word(text)]
  if (isIPv6(text) && !text.includes('%')) return ipv6Words(text)
  return undefined
}

/** The usual spelling, as inet_ntop(3) has it: `2001:db8::1`, `::ffff:192.0.2.1`. */
export function formatIpAddress(address: IpAddress): string {
  if (address.length === 1) return bytesOf(address[0]!).join('.')
  const groups = address.flatMap((word) => [word >>> 16, word & 0xffff])
  const full = groups.map((group) => group.toString(16)).join(':')
  return new SocketAddress({ address: full, family: 'ipv6' }).address
}

function bytesOf(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]
}

function ipv4Word(text: string): number {
  let word = 0
  for (const part of text.split('.')) word = word * 256 + Number(part)
  return word
}

// Relies on isIPv6 having said yes: at most one `::`, a dotted tail only at the end.
function ipv6Words(text: string): IpAddress {
  const [head = '', tail] = text.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const gap = new Array<number>(8 - before.length - after.length).fill(0)
  const groups = [...before, ...gap, ...after]
  return [0, 2, 4, 6].map((at) => groups[at]! * 0x10000 + groups[at + 1]!)
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const word = ipv4Word(group)
    return [word >>> 16, word & 0xffff]
  })
}
