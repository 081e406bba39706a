import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { DomainList, LookupTableError, type SubdomainStyle } from './index.ts'

describe('DomainList', () => {
  it.each<[string, SubdomainStyle, string, boolean]>([
    ['example.net', 'parent', 'example.net', true],
    ['example.net', 'parent', 'a.b.example.net', true],
    ['example.net', 'parent', 'badexample.net', false],
    ['.example.net', 'parent', 'a.example.net', false],
    ['.example.net', 'dot', 'a.b.example.net', true],
    ['.example.net', 'dot', 'example.net', false],
    ['example.net', 'dot', 'a.example.net', false],
    ['example.net', 'none', 'EXAMPLE.net', true],
    ['Example.Net', 'none', 'example.net', true],
    ['example.net', 'none', 'a.example.net', false],
    ['.example.net', 'none', 'a.example.net', false],
    ['!a.example.net, example.net', 'parent', 'b.a.example.net', false],
    ['example.net, !a.example.net', 'parent', 'b.a.example.net', true],
    ['!a.example.net', 'parent', 'b.example.net', false],
    ['[mx.example.net]:25, [192.0.2.1]', 'none', '[mx.example.net]:25', true],
    ['[192.0.2.1]', 'none', '[192.0.2.1]', true],
    ['192.0.2.0/24', 'none', '192.0.2.1', false],
    ['192.0.2.1/24', 'none', '192.0.2.1', false],
    ['', 'parent', 'example.net', false],
    ['example.net', 'parent', '', false],
  ])('G-65 to G-67: %j in %s style, %j: %j', (text, subdomains, domain, expected) => {
    expect(new DomainList(text, { name: 'relay_domains', subdomains }).matches(domain)).toBe(
      expected,
    )
  })

  it('Q-309: asks a table for the parents in its style', () => {
    const keys: string[] = []
    const lookup = (key: string) => {
      keys.push(key)
      return undefined
    }
    const openTable = () => ({ kind: 'fixed' as const, lookup })
    for (const subdomains of ['parent', 'dot', 'none'] as const) {
      const list = new DomainList('fake:x', { name: 'relay_domains', subdomains, openTable })
      expect(list.matches('a.net')).toBe(false)
      expect(list.matches('.org')).toBe(false)
    }
    const asked = { parent: 'a.net net .org org', dot: 'a.net .net .org', none: 'a.net .org' }
    expect(keys).toEqual(Object.values(asked).flatMap((text) => text.split(' ')))
  })

  it('G-65: an item that cannot be evaluated ends the search', () => {
    const list = new DomainList('a.net, nosuch:x, b.net', { name: 'list', subdomains: 'none' })
    expect(list.matches('a.net')).toBe(true)
    expect(() => list.matches('b.net')).toThrow(LookupTableError)
  })

  it('decides like a plain walk over the items', () => {
    const label = fc.constantFrom('a', 'b', 'net')
    const domain = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
    const item = fc.record({ negated: fc.boolean(), dot: fc.constantFrom('', '.'), domain })
    const style = fc.constantFrom<SubdomainStyle>('parent', 'dot', 'none')
    fc.assert(
      fc.property(fc.array(item), domain, style, (items, asked, subdomains) => {
        const text = items.map((i) => `${i.negated ? '!' : ''}${i.dot}${i.domain}`).join(' ')
        const first = items.find((i) => {
          const literal = `${i.dot}${i.domain}`
          if (asked === literal) return true
          if (subdomains === 'parent') return asked.endsWith(`.${literal}`)
          return subdomains === 'dot' && i.dot === '.' && asked.endsWith(literal)
        })
        const list = new DomainList(text, { name: 'list', subdomains })
        expect(list.matches(asked)).toBe(first !== undefined && !first.negated)
      }),
      { numRuns: 200 },
    )
  })
})
