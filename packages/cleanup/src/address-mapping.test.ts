import { describe, expect, it } from 'vitest'

import { completeAddress, mappingOptions, type TestMaps } from '../test/addresses.ts'
import { AddressMapping } from './address-mapping.ts'

function mapping(maps: TestMaps) {
  const warnings: string[] = []
  const made = new AddressMapping(mappingOptions(maps), completeAddress)
  const warn = (text: string) => void warnings.push(text)
  return { mapping: made, warn, warnings }
}

function canonical(address: string, maps: TestMaps) {
  const { mapping: made, warn, warnings } = mapping(maps)
  return made.map(address, 'envelope_recipient', warn).then((mapped) => ({ mapped, warnings }))
}

const expand = async (recipient: string, maps: TestMaps) =>
  await mapping(maps).mapping.expand(recipient)

// All of it as Postfix 3.7.11 was observed to do.
describe('canonical maps', () => {
  it.each([
    ['c1@e.test', { 'c1@e.test': 'c2@e.test', 'c2@e.test': 'c3' }, 'c3@mail.example.com'],
    ['foo+x@e.test', { 'foo@e.test': 'bar' }, 'bar+x@mail.example.com'],
    ['dom+x@e.test', { 'dom@e.test': '@other.test' }, 'dom+x@other.test'],
    ['u+x@cat.test', { '@cat.test': '@cat2.test' }, 'u+x@cat2.test'],
    ['u+x@cat.test', { '@cat.test': 'all@e.test' }, 'all@e.test'],
    ['u@mail.example.com', { u: 'local@e.test' }, 'local@e.test'],
    ['q@e.test', { 'q@e.test': 'Foo Bar <"x y"@e.test> (c)' }, 'x y@e.test'],
    ['x y@e.test', { '"x y"@e.test': 'xy@e.test' }, 'xy@e.test'],
    ['n@e.test', { 'n@e.test': '<>' }, ''],
    ['CASE@e.test', { 'case@e.test': 'case@e.test' }, 'case@e.test'],
  ])('Q-503: %s with %j is %s', async (address, canonicalMaps, expected) => {
    expect(await canonical(address, { canonicalMaps })).toEqual({ mapped: expected, warnings: [] })
  })

  it('Q-503: takes the first of several addresses, with a warning', async () => {
    const canonicalMaps = { 'two@e.test': 'a@e.test, b@e.test' }
    expect(await canonical('two@e.test', { canonicalMaps })).toEqual({
      mapped: 'a@e.test',
      warnings: ['multi-valued canonical_maps entry for two@e.test'],
    })
  })

  it('Q-503: stops after 10 rounds with a warning, and goes on', async () => {
    const canonicalMaps = { 'l1@e.t': 'l2@e.t', 'l2@e.t': 'l3@e.t', 'l3@e.t': 'l1@e.t' }
    const text = 'unreasonable canonical_maps map nesting for l2@e.t'
    expect(await canonical('l1@e.t', { canonicalMaps })).toEqual({
      mapped: 'l2@e.t',
      warnings: [`${text} -- message not accepted, try again later`],
    })
  })

  it('Q-503: does without an extension where propagation is off', async () => {
    const maps = { canonicalMaps: { 'foo@e.test': 'b@e.test' }, propagateCanonical: false }
    expect((await canonical('foo+x@e.test', maps)).mapped).toBe('b@e.test')
    const domain = { ...maps, canonicalMaps: { 'foo@e.test': '@b.test', '@c.test': '@b.test' } }
    expect((await canonical('foo+x@e.test', domain)).mapped).toBe('foo@b.test')
    expect((await canonical('foo+x@c.test', domain)).mapped).toBe('foo+x@b.test')
  })

  it('Q-548: a result without address is a lookup problem', async () => {
    const failed = canonical('e@e.test', { canonicalMaps: { 'e@e.test': ',' } })
    await expect(failed).rejects.toMatchObject({
      message:
        'canonical_maps map lookup problem for e@e.test -- message not accepted, try again later',
      warnings: ['canonical_maps lookup of e@e.test returns non-address result ","'],
      rejection: { status: 'write' },
    })
  })

  it('passes on what is a bug and no failed lookup', async () => {
    const map = { name: 'canonical_maps', lookup: () => Promise.reject(new TypeError('a bug')) }
    const maps = { ...mappingOptions({}), canonical: [{ map, classes: ['header_sender'] }] }
    const made = new AddressMapping(maps, completeAddress)
    await expect(made.map('a@b', 'header_sender', () => undefined)).rejects.toThrow(TypeError)
  })

  it('asks for the classes of the map only', async () => {
    const [all] = mappingOptions({ canonicalMaps: { 'a@e.test': 'b@e.test' } }).canonical
    const canonicalMap = { map: all!.map, classes: ['header_sender'] }
    const made = new AddressMapping({ ...mappingOptions({}), canonical: [canonicalMap] }, String)
    expect(made.isFor('header_sender')).toBe(true)
    expect(made.isFor('envelope_sender')).toBe(false)
    expect(await made.map('a@e.test', 'header_sender', () => undefined)).toBe('b@e.test')
    expect(await made.map('a@e.test', 'envelope_sender', () => undefined)).toBe('a@e.test')
  })
})

describe('masquerading', () => {
  const masquerade = {
    domains: ['!no.masq.test', 'a.masq.test', 'MASQ.Test'],
    classes: ['envelope_recipient'],
    isException: (user: string) => user.toLowerCase() === 'root',
  }

  it.each([
    ['v@x.MASQ.test', 'v@masq.test'],
    ['v@no.masq.test', 'v@no.masq.test'],
    ['v@x.no.masq.test', 'v@x.no.masq.test'],
    ['v@y.a.masq.test', 'v@a.masq.test'],
    ['v@a.masq.test', 'v@a.masq.test'],
    ['v@masq.test', 'v@masq.test'],
    ['v@xmasq.test', 'v@xmasq.test'],
    ['v@.masq.test', 'v@masq.test'],
    ['ROOT@q.masq.test', 'ROOT@q.masq.test'],
    ['root+x@q.masq.test', 'root+x@masq.test'],
    ['', ''],
  ])('Q-503: %s becomes %s', async (address, expected) => {
    expect((await canonical(address, { masquerade })).mapped).toBe(expected)
  })
})

describe('virtual aliases', () => {
  const chain = { l3: 'l2@e.t', 'l2@e.t': 'l1@e.t', 'l1@e.t': 'end@e.t' }

  it.each([
    ['v@e.t', { 'v@e.t': 'w1@e.t, w2@e.t', 'w1@e.t': 'x1@e.t' }, ['x1@e.t', 'w2@e.t']],
    ['v+q@e.t', { 'v@e.t': 'w1@e.t w2@e.t' }, ['w1+q@e.t', 'w2+q@e.t']],
    ['m+e@e.t', { 'm@e.t': 'u+z@e.t', 'u@e.t': 'f@e.t' }, ['f+z+e@e.t']],
    ['self@e.t', { 'self@e.t': 'self@e.t, o@e.t' }, ['self@e.t', 'o@e.t']],
    ['s@e.t', { 's@e.t': 'q@e.t, s@e.t', 'q@e.t': 'r@e.t' }, ['r@e.t', 's@e.t']],
    ['f@e.t', { 'f@e.t': 'g@e.t, b@e.t', 'g@e.t': 'c@e.t, d@e.t' }, ['c@e.t', 'b@e.t', 'd@e.t']],
    ['g@e.t', { 'g@e.t': 'g: a@b.t, b@b.t;' }, ['a@b.t', 'b@b.t']],
    ['c@e.t', { 'c@e.t': ', a@b.c,, d@b.c' }, ['a@b.c', 'd@b.c']],
  ])('Q-503: %s with %j is %j', async (recipient, virtual, expected) => {
    expect(await expand(recipient, { virtual })).toEqual(expected)
    expect(await expand(recipient, { virtual, isSlow: true })).toEqual(expected)
  })

  it('Q-503: virtual_alias_recursion_limit counts the lookups of one address', async () => {
    const virtual = { ...chain, 'rr@e.t': 'x@e.t, l2@e.t' }
    expect(await expand('l2@e.t', { virtual, recursionLimit: 3 })).toEqual(['end@e.t'])
    expect(await expand('rr@e.t', { virtual, recursionLimit: 3 })).toEqual(['x@e.t', 'end@e.t'])
    await expect(
      expand('l3@mail.example.com', { virtual, recursionLimit: 3 }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/^unreasonable virtual_alias_maps map nesting for l3@mail\./),
      rejection: { status: 'defer', text: '4.6.0 Alias expansion error' },
    })
  })

  it('Q-503: a loop ends at the limit', async () => {
    const virtual = { 'ping@e.t': 'pong@e.t', 'pong@e.t': 'ping@e.t' }
    await expect(expand('ping@e.t', { virtual })).rejects.toThrow('map nesting for ping@e.t')
  })

  it('Q-503: virtual_alias_expansion_limit counts duplicates too', async () => {
    const virtual = { 'three@e.t': 'a@e.t, a@e.t, a@e.t' }
    expect(await expand('three@e.t', { virtual, expansionLimit: 3 })).toHaveLength(3)
    await expect(expand('three@e.t', { virtual, expansionLimit: 2 })).rejects.toThrow(
      'unreasonable virtual_alias_maps map expansion size for three@e.t -- message not accepted',
    )
  })

  it('Q-503: virtual_alias_address_length_limit is for results', async () => {
    const virtual = { 'long@e.t': `${'z'.repeat(1100)}@e.t` }
    await expect(expand('long@e.t', { virtual })).rejects.toThrow(
      `virtual_alias_maps result ${'z'.repeat(300)}... -- message`,
    )
    const short = { 'l@e.t': '123@e.t' }
    expect(await expand('l@e.t', { virtual: short, addressLengthLimit: 7 })).toEqual(['123@e.t'])
    await expect(expand('l@e.t', { virtual: short, addressLengthLimit: 6 })).rejects.toThrow()
  })
})

describe('automatic copies', () => {
  it('Q-506: are mapped as recipients are', async () => {
    const { mapping: made, warn } = mapping({
      senderBccMaps: { 's@e.test': 'sb' },
      recipientBccMaps: { 'r@e.test': 'c1@e.test' },
      canonicalMaps: { 'c1@e.test': 'c2@e.test' },
      virtual: { 'c2@e.test': 'c3@e.test' },
    })
    const [sb, c2] = ['sb@mail.example.com', 'c2@e.test']
    expect(await made.bccFor('s@e.test', 'sender', warn)).toEqual({ original: sb, addresses: [sb] })
    const copy = { original: c2, addresses: ['c3@e.test'] }
    expect(await made.bccFor('r@e.test', 'recipient', warn)).toEqual(copy)
    expect(await made.bccFor('', 'sender', warn)).toBeUndefined()
  })

  it('Q-548: the address is not named where a table cannot answer', async () => {
    const { mapping: made, warn } = mapping({ senderBccMaps: 'fail:x' })
    await expect(made.bccFor('s@e.test', 'sender', warn)).rejects.toMatchObject({
      message: 'sender_bcc_maps map lookup problem -- message not accepted, try again later',
      warnings: ['fail:x lookup error for "s@e.test"'],
    })
  })
})
