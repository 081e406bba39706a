import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { formatIpAddress, parseIpAddress } from './ip-address.ts'
import { isInNetwork, parseNetworkPattern } from './network-pattern.ts'

describe('IP addresses', () => {
  it.each([
    ['192.0.2.255', [0xc00002ff]],
    ['::', [0, 0, 0, 0]],
    ['::1', [0, 0, 0, 1]],
    ['2001:DB8::', [0x20010db8, 0, 0, 0]],
    ['1:2:3:4:5:6:7:8', [0x10002, 0x30004, 0x50006, 0x70008]],
    ['::ffff:192.0.2.1', [0, 0, 0xffff, 0xc0000201]],
  ])('reads %s', (text, words) => {
    expect(parseIpAddress(text)).toEqual(words)
  })

  it.each(['', '127.1', '127.0.0.01', '256.0.0.1', ':::1', '1:2', '[::1]', 'fe80::1%lo', 'x'])(
    'refuses %j',
    (text) => {
      expect(parseIpAddress(text)).toBeUndefined()
    },
  )

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const words = parseIpAddress(text)!
        expect(parseIpAddress(formatIpAddress(words))).toEqual(words)
      }),
      { numRuns: 200 },
    )
  })
})

describe('networks', () => {
  it('Q-309: hold an address when their first bits agree, whatever the family', () => {
    const family = fc.constantFrom(1, 4)
    const word = fc.oneof(fc.nat({ max: 0xffffffff }), fc.constantFrom(0, 0xffffffff))
    fc.assert(
      fc.property(
        family,
        fc.array(word, { minLength: 8, maxLength: 8 }),
        fc.nat(),
        (n, all, seed) => {
          const bits = seed % (n * 32 + 1)
          const network = all.slice(0, n).map((value, at) => keep(value, bits - at * 32))
          // The neighbour differs from the network in one bit only.
          const flip = all[7]! % (n * 32)
          const near = network.map((value, at) =>
            at === flip >>> 5 ? (value ^ (1 << (31 - (flip & 31)))) >>> 0 : value,
          )
          const pattern = parseNetworkPattern(`[${formatIpAddress(network)}/${bits}]`)
          if (pattern?.kind !== 'network') throw new Error('expected a network')
          expect(isInNetwork(network, pattern.network)).toBe(true)
          expect(isInNetwork(near, pattern.network)).toBe(flip >= bits)
          expect(isInNetwork(all.slice(0, 5 - n), pattern.network)).toBe(false)
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** The first `bits` of a word, the others 0; by arithmetic, not by the masks under test. */
function keep(word: number, bits: number): number {
  if (bits >= 32) return word
  if (bits <= 0) return 0
  return word - (word % 2 ** (32 - bits))
}
