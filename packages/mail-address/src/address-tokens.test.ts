import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  formatAddressTokens,
  joinAddressTokens,
  quoteHeaderAddress,
  tokenizeAddress,
} from './index.ts'

describe('tokenizeAddress', () => {
  it.each([
    ['user@dom.test', ['atom:user', 'operator:@', 'atom:dom', 'operator:.', 'atom:test']],
    [' us er ', ['atom:us', 'atom:er']],
    ['"a\\"b\tc"@d', ['quoted:a"b c', 'operator:@', 'atom:d']],
    ['us"er', ['atom:us', 'quoted:er']],
    ['us\\er\\@', ['atom:user@']],
    ['a\\', ['atom:a']],
    ['a \\', ['atom:a', 'atom:']],
    ['@[b]\\', ['operator:@', 'literal:[b]', 'atom:']],
    ['"a\\', ['quoted:a']],
    ['u(a (b) \\) c', ['atom:u', 'comment:(a (b) \\) c']],
    ['u(a\\', ['atom:u', 'comment:(a\\']],
    ['(a\tb\nc', ['comment:(a b c']],
    ['@[127.0.0.1', ['operator:@', 'literal:[127.0.0.1]']],
    ['[a\\]b]c', ['literal:[a]b]', 'atom:c']],
    ['[a\\', ['literal:[a]']],
    [')]', ['operator:)', 'operator:]']],
    ['a\u00a0b', ['atom:a\u00a0b']],
    ['', []],
  ])('G-138: %j', (external, tokens) => {
    expect(tokenizeAddress(external).map(({ kind, text }) => `${kind}:${text}`)).toEqual(tokens)
  })
})

describe('joinAddressTokens, formatAddressTokens', () => {
  it.each([
    ['a b@d', 'a b@d', '"a b"@d'],
    ['us"er', 'us er', '"us er"'],
    ['"" <>', ' <>', '" <>"'],
    ['group: a, b;', 'group:a, b;', '"group:a, b;"'],
    ['user (comment)', 'user (comment)', '"user (comment)"'],
    ['Name <user@dest.test>', 'Name <user@dest.test>', '"Name <user"@dest.test>'],
    ['t@<e', 't@ <e', 't@ <e'],
    ['a:<b', 'a: <b', '"a: <b"'],
    ['"a@b"', 'a@b', '"a@b"'],
    ['@r1.test: "x y"@d', '@r1.test:x y@d', '@r1.test:"x y"@d'],
    ['@r1.test:', '@r1.test:', '@r1.test:""'],
    ['"a!b"', 'a!b', 'a!b'],
    ['', '', '""'],
  ])('G-138, G-140: %j', (external, internal, normal) => {
    const tokens = tokenizeAddress(external)
    expect(joinAddressTokens(tokens)).toBe(internal)
    expect(formatAddressTokens(tokens)).toBe(normal)
  })

  it('G-138: gives back any quoted local part, blanks for other white space', () => {
    const localPart = fc.string({
      unit: fc.constantFrom(...'ab.@"\\ ,:;<>()[]\t\r\n'),
      minLength: 1,
    })
    fc.assert(
      fc.property(localPart, (text) => {
        // A source route stays unquoted in header form, so it is tokenized.
        const address = `x${text}@example.org`
        const tokens = tokenizeAddress(quoteHeaderAddress(address))
        expect(joinAddressTokens(tokens)).toBe(address.replace(/[\t\r\n]/g, ' '))
      }),
      { numRuns: 200 },
    )
  })

  it('G-138: formatting is stable', () => {
    const localPart = fc.string({
      unit: fc.constantFrom(...'ab."\\ ,:;<>()[]!%|\r\n'),
      maxLength: 12,
    })
    fc.assert(
      fc.property(localPart, (text) => {
        const once = formatAddressTokens(tokenizeAddress(`${text}@d`))
        expect(formatAddressTokens(tokenizeAddress(once))).toBe(once)
      }),
      { numRuns: 200 },
    )
  })
})
