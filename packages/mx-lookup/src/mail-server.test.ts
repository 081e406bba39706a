import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { balanceFamilies, type MailServer, orderServers } from './index.ts'

const options = {
  randomizeAddresses: false,
  addressPreference: 'any',
  balanceProtocols: false,
  addressLimit: 5,
} as const

function server(name: string, family: 4 | 6, preference = 10): MailServer {
  return { name, address: name, family, port: 25, preference }
}

/** `6644` becomes four servers of those families. */
function families(text: string): MailServer[] {
  return Array.from(text, (digit, index) => server(`s${index}`, digit === '6' ? 6 : 4))
}

function shown(servers: readonly MailServer[]): string {
  return servers.map(({ family }) => family).join('')
}

function names(servers: readonly MailServer[]): string {
  return servers.map(({ name }) => name).join(' ')
}

describe('orderServers', () => {
  it('C-25: without randomization keeps the DNS order within a preference', () => {
    const servers = [server('c', 4, 20), server('a', 4), server('b', 4)]
    expect(names(orderServers(servers, options, Math.random))).toBe('a b c')
  })

  it.each([
    ['ipv6', '6644'],
    ['ipv4', '4466'],
    ['any', '4646'],
  ] as const)('C-25: address preference %s', (addressPreference, expected) => {
    const ordered = orderServers(families('4646'), { ...options, addressPreference }, Math.random)
    expect(shown(ordered)).toBe(expected)
  })

  it('C-25: preference comes before family', () => {
    const ordered = orderServers(
      [server('worse', 6, 20), server('better', 4, 10)],
      { ...options, addressPreference: 'ipv6' },
      Math.random,
    )
    expect(names(ordered)).toBe('better worse')
  })

  it('C-25: shuffles uniformly', () => {
    const counts = new Map<string, number>()
    let seed = 1
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    for (let round = 0; round < 6000; round++) {
      const servers = [server('a', 4), server('b', 4), server('c', 4)]
      const order = names(orderServers(servers, { ...options, randomizeAddresses: true }, random))
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('keeps every server, sorted by preference, whatever the random numbers', () => {
    const anyServer = fc.record({
      name: fc.string(),
      address: fc.string(),
      family: fc.constantFrom<4 | 6>(4, 6),
      port: fc.constant(25),
      preference: fc.nat(3),
    })
    const numbers = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))
    fc.assert(
      fc.property(fc.array(anyServer), numbers, (servers, stream) => {
        const random = () => stream.next().value as number
        const ordered = orderServers(servers, { ...options, randomizeAddresses: true }, random)
        expect(new Set(ordered)).toEqual(new Set(servers))
        const preferences = ordered.map(({ preference }) => preference)
        expect(preferences).toEqual(preferences.toSorted((a, b) => a - b))
      }),
    )
  })
})

describe('balanceFamilies', () => {
  it.each([
    ['66666644', 5, '66644'],
    ['64444444', 5, '64444'],
    ['6666644444', 5, '66644'],
    ['4444466666', 5, '44466'],
    ['4646', 5, '4646'],
    ['44444444', 5, '44444444'],
    ['66666644', 0, '66666644'],
    ['6'.repeat(90) + '4'.repeat(60), 200, '6'.repeat(50) + '4'.repeat(50)],
  ])('C-26, C-185: %s with limit %i', (servers, limit, expected) => {
    expect(shown(balanceFamilies(families(servers), limit))).toBe(expected)
  })
})
