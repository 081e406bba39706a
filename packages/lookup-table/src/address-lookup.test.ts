import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { type AddressKeys, lookupAddress } from './address-lookup.ts'
import { TableList } from './table-list.ts'

const extensions = { delimiters: '+', ownerRequestSpecial: true }
const canonical: AddressKeys = {
  style: 'canonical',
  extensions,
  isLocalDomain: (domain) => domain === 'local.example',
}
const transport: AddressKeys = { style: 'transport', extensions, subdomains: 'dot' }
const access: AddressKeys = { style: 'access', extensions, subdomains: 'parent' }

function tables(text: string): TableList {
  const clock = { now: () => 0, after: () => () => undefined }
  const { environment } = tableContext(clock, [])
  return new TableList(text, { name: 'test_maps', environment })
}

/** All keys that are looked up, in order, while none is found. */
function keysOf(address: string, keys: AddressKeys): string[] {
  const asked: string[] = []
  const list = tables('static:x')
  const recording = Object.assign(Object.create(list), {
    has: () => true,
    lookup: (key: string, scope: string) => void asked.push(scope === 'all' ? `*${key}` : key),
  })
  expect(lookupAddress(recording, address, keys)).toBeUndefined()
  return asked
}

describe('G-55: the keys of an address, in order (* asks tables of patterns, too)', () => {
  it.each<[string, AddressKeys, string[]]>([
    [
      'user+ext@example.com',
      canonical,
      ['*user+ext@example.com', 'user@example.com', '@example.com'],
    ],
    [
      'user+ext@local.example',
      canonical,
      ['*user+ext@local.example', 'user@local.example', 'user+ext', 'user', '@local.example'],
    ],
    ['user@local.example', canonical, ['*user@local.example', 'user', '@local.example']],
    ['user+ext', canonical, ['*user+ext', 'user']],
    [
      'user+ext@a.example.com',
      transport,
      [
        '*user+ext@a.example.com',
        'user@a.example.com',
        'a.example.com',
        '.example.com',
        '.com',
        '**',
      ],
    ],
    [
      'user+ext@a.example.com',
      access,
      [
        '*user+ext@a.example.com',
        'user@a.example.com',
        'a.example.com',
        'example.com',
        'com',
        'user+ext@',
        'user@',
      ],
    ],
  ])('%s', (address, keys, expected) => {
    expect(keysOf(address, keys)).toEqual(expected)
  })

  it('a local part that needs quotes is asked for with them first', () => {
    expect(keysOf('a b+c@local.example', canonical)).toEqual([
      '*"a b+c"@local.example',
      '*a b+c@local.example',
      '"a b"@local.example',
      'a b@local.example',
      '"a b+c"',
      'a b+c',
      '"a b"',
      'a b',
      '@local.example',
    ])
    expect(keysOf('a b@x.example', access).slice(2)).toEqual([
      'x.example',
      'example',
      '"a b"@',
      'a b@',
    ])
  })

  it('a source route is not quoted with the local part', () => {
    expect(keysOf('@a.example:b c@x.example', canonical).slice(0, 2)).toEqual([
      '*@a.example:"b c"@x.example',
      '*@a.example:b c@x.example',
    ])
  })

  it('an @ in the local part does not make it an address', () => {
    expect(keysOf('a@b@local.example', canonical)).toEqual([
      '*"a@b"@local.example',
      '*a@b@local.example',
      '"a@b"',
      'a@b',
      '@local.example',
    ])
  })

  it('an empty local part is no key', () => {
    expect(keysOf('@local.example', canonical)).not.toContain('')
    expect(keysOf('@x.example', access)).not.toContain('@')
  })
})

describe('lookupAddress', () => {
  it('says which extension the key did not have', () => {
    const list = tables('inline:{user@example.com=a, user+whole@example.com=b, @example.org=c}')
    const find = (address: string) => lookupAddress(list, address, canonical)
    expect(find('User+x@Example.com')).toEqual({ value: 'a', unmatchedExtension: '+x' })
    expect(find('user+whole@example.com')).toEqual({ value: 'b', unmatchedExtension: undefined })
    expect(find('any+x@example.org')).toEqual({ value: 'c', unmatchedExtension: undefined })
    expect(find('any@example.net')).toBeUndefined()
  })

  it('G-55: tables of patterns are asked for the whole address only', () => {
    const list = tables('regexp:{{/^@|^user@|^user$/ pattern}} inline:{@example.com=fixed}')
    expect(lookupAddress(list, 'user+x@example.com', canonical)).toMatchObject({ value: 'fixed' })
    expect(lookupAddress(list, 'user@example.com', canonical)).toMatchObject({ value: 'pattern' })
  })

  it('the empty address is not found', () => {
    expect(lookupAddress(tables('static:x'), '', canonical)).toBeUndefined()
  })

  it('waits for tables and for the domain', async () => {
    const list = tables('inline:{user=x}')
    const later: AddressKeys = { ...canonical, isLocalDomain: async () => true }
    const found = lookupAddress(list, 'user+e@anywhere.example', later)
    expect(found).toBeInstanceOf(Promise)
    expect(await found).toEqual({ value: 'x', unmatchedExtension: '+e' })
  })

  it('G-54: an error ends it', () => {
    expect(() => lookupAddress(tables('fail:x'), 'a@b', canonical)).toThrow(
      /lookup error for "a@b"/,
    )
  })
})
