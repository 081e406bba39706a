import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { completeAddress, completeExternal, mappingOptions } from '../test/addresses.ts'
import vectors from '../vectors/address-lists.json' with { type: 'json' }
import { AddressMapping } from './address-mapping.ts'
import { type HeaderAddressOptions, isSettled, rewriteHeader } from './header-addresses.ts'

function rewrite(value: string, options: Partial<HeaderAddressOptions> = {}) {
  const { logger, lines } = memoryLogger()
  const all = {
    maxTokens: 10_240,
    rewriteExternal: completeExternal,
    mapping: undefined,
    log: logger,
    warn: (text: string) => void lines.push(text),
    ...options,
  }
  return { result: rewriteHeader('To:', value, 'header_recipient', all), lines }
}

describe('addresses in headers', () => {
  it.each(vectors.cases)('Q-523: %j as Postfix', (before, after) => {
    expect(rewrite(` ${before}`).result ?? `To: ${before}`).toBe(`To: ${after}`)
  })

  it('Q-523: an item with more than 250 characters beside its address keeps the address', () => {
    const name = 'n'.repeat(300)
    const { result, lines } = rewrite(` ${name} <a>, b`)
    expect(result).toBe('To: <a@mail.example.com>, b@mail.example.com')
    const start = name.slice(0, 100)
    expect(lines).toEqual([`warning: stripping too many comments from address: ${start}...`])
    expect(rewrite(` ${'n'.repeat(240)} <a>`).lines).toEqual([])
  })

  it('leaves complete addresses alone at once, and however long the header is', () => {
    const value = ` "Q. User" <q@example.org>,\n\tann@example.org`
    expect(rewrite(value).result).toBeUndefined()
    expect(isSettled(value, 'header_recipient', undefined)).toBe(true)
    expect(isSettled(' ann', 'header_recipient', undefined)).toBe(false)
    expect(rewrite(` ann@example.org${', bob@example.org'.repeat(1000)}`).result).toBeUndefined()
  })

  it.each([
    [7, 'To: ann@example.org, ann@mail.example.com'],
    [8, undefined],
    [10, 'To: ann@example.org, ann@example'],
    [12, undefined],
  ])('Q-523: with header_address_token_limit = %i as Postfix', (maxTokens, expected) => {
    const value = ' ann@example.org, ann@example.org, ann@example.org, "not seen"'
    expect(rewrite(value, { maxTokens }).result).toBe(expected)
  })

  it('never takes long over a header that is not what it seems', () => {
    for (const piece of [' ', '\\', 'a ', '<', '(', '"', 'a@', 'a.', ':;', 'a,', '>']) {
      const started = performance.now()
      rewrite(piece.repeat(990 / piece.length))
      rewrite(piece.repeat(50_000 / piece.length))
      expect(performance.now() - started, piece).toBeLessThan(2000)
    }
  })

  it('no text can bring a line of its own into the header', () => {
    const piece = fc.constantFrom(
      'a',
      '"',
      '\n',
      '\r',
      ' ',
      '\\',
      '(',
      ')',
      '<b>',
      ',',
      '\nX: y',
      '[',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const { result } = rewrite(` a, ${pieces.join('')}`)
        expect(result).toMatch(/^To: [^\n]*(?:\n\t[^\n]*)*$/)
      }),
    )
  })
})

describe('with maps', () => {
  it('Q-503: canonical maps, quotes as needed, and no lookup for the empty address', async () => {
    const canonicalMaps = { 'a@example.org': '"b c"@example.org', '"q r"@x.y': 'd' }
    const mapping = new AddressMapping(mappingOptions({ canonicalMaps }), completeAddress)
    const { result } = rewrite(' A <a@example.org>, "q r"@x.y, <>, e@x.y', { mapping })
    expect(await result).toBe('To: A <"b c"@example.org>, d@mail.example.com, <>, e@x.y')
  })

  it('Q-523: no change, no new header', async () => {
    const mapping = new AddressMapping(
      mappingOptions({ canonicalMaps: { a: 'b' } }),
      completeAddress,
    )
    expect(await rewrite(' "x"  <x@example.org>', { mapping }).result).toBeUndefined()
  })
})
