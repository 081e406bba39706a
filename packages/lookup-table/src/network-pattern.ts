import { formatIpAddress, type IpAddress, parseIpAddress } from './ip-address.ts'

/** What an address must be after masking; one element per word of 32 bits. */
export interface Network {
  readonly words: IpAddress
  readonly masks: readonly number[]
}

/** An item as address pattern; `reason` says why it cannot be one, in Postfix's words. */
export type NetworkPattern =
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'bad'; readonly reason: string }

const ONLY_ADDRESS_CHARACTERS = /^[0-9a-f.:/[\]]+$/

/**
 * Reads an item of a client list as `net/bits`, `[net]/bits`, `[net/bits]` or `[ipv6]`. Undefined
 * when it is none of these by its looks: only digits, `a-f`, `.`, `:`, `/`, `[`, `]`, and a `/` or
 * a `:` among them. `127.0.0.0/8x` is such a case, and matches nothing without a word (G-68).
 *
 * Source: G-66, G-68, Q-309; texts and their precedence checked against qmqpd of Postfix 3.7.11.
 * @param item In lower case.
 */
export function parseNetworkPattern(item: string): NetworkPattern | undefined {
  if (!/[/:]/.test(item) || !ONLY_ADDRESS_CHARACTERS.test(item)) return undefined
  return parseNetwork(item)
}

/**
 * Reads an item of which it is known that it is meant as an address or network: as above, and a
 * single IPv4 address too (G-59).
 */
export function parseNetwork(item: string): NetworkPattern {
  const close = item.indexOf(']')
  if (!item.startsWith('[')) return parseMasked(...splitAtSlash(item), item)
  if (close < 0) return bad(`missing ']' character after "${item}"`)

  const inside = item.slice(1, close)
  const after = item.slice(close + 1)
  if (after === '') return parseMasked(...splitAtSlash(inside), item)
  if (after.startsWith('/')) return parseMasked(inside, after.slice(1), item)
  return bad(`garbage after "${item.slice(0, close + 1)}"`)
}

/** Whether the address is of the network's family and inside it. */
export function isInNetwork(address: IpAddress, { words, masks }: Network): boolean {
  if (address.length !== words.length) return false
  for (let at = 0; at < words.length; at++) {
    if ((address[at]! & masks[at]!) >>> 0 !== words[at]) return false
  }
  return true
}

function splitAtSlash(text: string): [address: string, bits: string | undefined] {
  const slash = text.indexOf('/')
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)]
}

function parseMasked(address: string, bits: string | undefined, item: string): NetworkPattern {
  const allBits = item.includes(':') ? 128 : 32
  const words = parseIpAddress(address)
  if (bits === undefined) {
    if (words === undefined) return bad(`bad address pattern: "${address}"`)
    return { kind: 'network', network: { words, masks: words.map(() => 0xffffffff) } }
  }
  const pattern = `${address}/${bits}`
  if (!/^\d+$/.test(bits)) return bad(`bad mask value in "${pattern}"`)
  if (Number(bits) > allBits) return bad(`bad mask length in "${pattern}"`)
  if (words === undefined) return bad(`bad network value in "${pattern}"`)
  const masks = words.map((_, at) => maskWord(Number(bits) - at * 32))
  const base = words.map((word, at) => (word & masks[at]!) >>> 0)
  if (words.every((word, at) => word === base[at])) {
    return { kind: 'network', network: { words, masks } }
  }
  const meant = `${formatIpAddress(base)}/${Number(bits)}`
  return bad(
    `non-null host address bits in "${pattern}", perhaps you should use "${meant}" instead`,
  )
}

/** The first `bits` of 32 set; fewer than 0 counts as 0, more than 32 as 32. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0
  // A shift by 32 is a shift by 0 in JavaScript, but only bits = 0 would need one.
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0
}

function bad(reason: string): NetworkPattern {
  return { kind: 'bad', reason }
}
