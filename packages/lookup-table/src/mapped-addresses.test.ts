import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import type { AddressKeys } from './address-lookup.ts'
import { mapAddress } from './mapped-addresses.ts'
import { TableList } from './table-list.ts'

const keys: AddressKeys = {
  style: 'canonical',
  extensions: { delimiters: '+', ownerRequestSpecial: true },
  isLocalDomain: () => false,
}
const TABLE = [
  'user@a.test = one@b.test',
  '@c.test = @d.test',
  'bare@a.test = bare',
  'all@a.test = "x y"@b.test, z@b.test',
  'not@a.test = ,',
]

/** What an address becomes; a result without a domain gets `@my.test`. */
function mapped(address: string, propagate = false) {
  const { environment } = tableContext({ now: () => 0, after: () => () => undefined }, [])
  const text = `inline:{${TABLE.map((entry) => `{${entry}}`).join(' ')}}`
  const list = new TableList(text, { name: 'test_maps', environment })
  const rewrite = (result: string) => (result.includes('@') ? result : `${result}@my.test`)
  return mapAddress(list, address, keys, { propagate, rewrite })
}

describe('mapAddress', () => {
  it.each([
    ['user@a.test', ['one@b.test']],
    ['who@c.test', ['who@d.test']],
    ['who+x@c.test', ['who+x@d.test']],
    ['bare@a.test', ['bare@my.test']],
    ['all@a.test', ['x y@b.test', 'z@b.test']],
    ['who@a.test', undefined],
    ['', undefined],
  ])('Q-503, C-172: %j becomes %j', (address, expected) => {
    expect(mapped(address)).toEqual(expected)
  })

  it.each([
    ['user+ext@a.test', true, ['one+ext@b.test']],
    ['user+ext@a.test', false, ['one@b.test']],
    ['bare+ext@a.test', true, ['bare+ext@my.test']],
  ])('Q-503: %j, the extension kept: %s', (address, propagate, expected) => {
    expect(mapped(address, propagate)).toEqual(expected)
  })

  it('Q-548: a result without an address is an error that says so', () => {
    expect(() => mapped('not@a.test')).toThrow(
      expect.objectContaining({
        code: 'lookup-failed',
        warnings: ['test_maps lookup of not@a.test returns non-address result ","'],
      }),
    )
  })
})
