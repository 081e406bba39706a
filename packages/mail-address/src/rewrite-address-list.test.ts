import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { mapExternalAddresses, rewriteAddressList } from './index.ts'

const quiet = { tooMuch: () => undefined }

/** The header with an `x` behind each address. */
function marked(value: string, maxTokens?: number) {
  const rules = maxTokens === undefined ? quiet : { ...quiet, maxTokens }
  return rewriteAddressList('To:', value, rules, (addresses) => addresses.map((one) => `${one}x`))
}

describe('rewriteAddressList', () => {
  it.each([
    [' a@b , c', 'To: a@bx, cx'],
    ['a (one), b c', 'To: ax (one), bx, cx'],
    [' "A, B" <a@b>,\n\tc', 'To: "A, B" <a@bx>, cx'],
    [' g: a, b;', 'To: g: ax, bx;'],
    [' <>', 'To: <x>'],
    ['', 'To: '],
  ])('Q-523: writes %j anew', (value, expected) => {
    expect(marked(value)).toBe(expected)
  })

  it('Q-523: a line has fewer than 70 octets, its comma included', () => {
    const name = 'n'.repeat(30)
    expect(marked(` ${name}, ${name}m`)).toBe(`To: ${name}x, ${name}mx`)
    expect(marked(` ${name}m, ${name}m`)).toBe(`To: ${name}mx,\n\t${name}mx`)
    const utf8 = `é${'n'.repeat(28)}`
    expect(marked(` ${utf8}, ${name}m`)).toBe(`To: ${utf8}x, ${name}mx`)
    expect(marked(` ${utf8}n, ${name}m`)).toBe(`To: ${utf8}nx,\n\t${name}mx`)
  })

  it('Q-523: what is behind maxTokens is lost', () => {
    expect(marked(' a, b, c', 3)).toBe('To: ax, bx')
  })

  it('Q-523: of an item with much beside its address the address stays', () => {
    const told: string[] = []
    const tooMuch = (start: string) => told.push(start)
    const long = 'n'.repeat(300)
    const change = (addresses: readonly string[]) => addresses
    const rewritten = rewriteAddressList('To:', ` ${long} <a@b>`, { tooMuch }, change)
    expect([rewritten, told]).toEqual(['To: <a@b>', [long.slice(0, 100)]])
  })

  it('is undefined for what is to stay, at once or later', async () => {
    expect(rewriteAddressList('To:', 'a', quiet, () => undefined)).toBeUndefined()
    const later = rewriteAddressList('To:', 'a', quiet, async () => undefined)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toBeUndefined()
  })

  it('no text can bring a line of its own into the header', () => {
    const piece = fc.constantFrom('a', '"', '\n', '\r', ' ', '\\', '(', ')', '<b>', ',', '\nX: y')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        expect(marked(` a, ${pieces.join('')}`)).toMatch(/^To: [^\n]*(?:\n\t[^\n]*)*$/)
      }),
    )
  })
})

describe('mapExternalAddresses', () => {
  it('maps by the internal form, quotes where needed, and asks for no empty address', async () => {
    const map = new Map([
      ['a b@c', 'd@e'],
      ['f@g', 'h i@g'],
    ])
    const asked: string[] = []
    const mapped = await mapExternalAddresses(['"a b"@c', 'f@g', '', 'j@k'], (address) => {
      asked.push(address)
      return map.get(address)
    })
    expect(mapped).toEqual(['d@e', '"h i"@g', '', 'j@k'])
    expect(asked).toEqual(['a b@c', 'f@g', 'j@k'])
  })
})
