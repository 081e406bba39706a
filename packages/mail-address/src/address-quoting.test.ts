import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { quoteAddress, quoteHeaderAddress, unquoteAddress } from './index.ts'

const SPECIAL = [...'abcü.@"\\ ,:;<>()[]\r\n\t\x01\x7f'].concat('\udcff')
const oddAddress = fc.string({ unit: fc.constantFrom(...SPECIAL), maxLength: 12 })

// The table of G-136, the examples of C-174 and env-r10..env-r35 of the QMQP transcripts.
const BOTH_FORMS = [
  ['user@example.org', 'user@example.org'],
  ["o'hara+x=y/{z}|~`#$%^&*!?@dom", "o'hara+x=y/{z}|~`#$%^&*!?@dom"],
  ['a b@dom', '"a b"@dom'],
  ['a@b@c', '"a@b"@c'],
  ['@dom', '""@dom'],
  ['@', '""@'],
  ['user@', 'user@'],
  ['.user@dom', '".user"@dom'],
  ['user.@dom', '"user."@dom'],
  ['u..x@dom', '"u..x"@dom'],
  ['first.last@dom', 'first.last@dom'],
  ['a"b@dom', '"a\\"b"@dom'],
  ['user\\@dom', '"user\\\\"@dom'],
  ['us\x01er@dom', '"us\x01er"@dom'],
  ['us\x7fer@dom', '"us\x7fer"@dom'],
  ['us\rer@dom', '"us\\\rer"@dom'],
  ['jörg@dom', 'jörg@dom'],
  ['j\udcf6rg@dom', 'j\udcf6rg@dom'],
  ['user', 'user'],
  ['user name', '"user name"'],
  ['<a@example.net>', '"<a"@example.net>'],
  ['"john doe"@example.net', '"\\"john doe\\""@example.net'],
  ['a,b@example.net', '"a,b"@example.net'],
  ['u(c)@example.net', '"u(c)"@example.net'],
  ['list-@example.org-@[]', '"list-@example.org-"@[]'],
  [' user@example.net ', '" user"@example.net '],
  ['user@[192.0.2.1]', 'user@[192.0.2.1]'],
] as const

describe('quoteAddress', () => {
  it.each(BOTH_FORMS)('G-136, C-174: %j becomes %j', (internal, external) => {
    expect(quoteAddress(internal)).toBe(external)
  })

  it('G-136: quotes what is no dot-atom, whatever the characters', () => {
    const atom = /^[^\x00-\x20\x7f()<>@,;:\\".[\]]+$/
    const unit = fc.oneof(
      fc.nat({ max: 0x17f }).map((code) => String.fromCharCode(code)),
      fc.constant('.'),
    )
    const property = fc.property(fc.string({ unit, maxLength: 6 }), (localPart) => {
      const isDotAtom = localPart.split('.').every((word) => atom.test(word))
      expect(quoteAddress(`${localPart}@dom`).startsWith('"')).toBe(!isDotAtom)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('C-174: escapes LF as well, quotes a source route, leaves the null address empty', () => {
    expect(quoteAddress('us\ner@dom')).toBe('"us\\\ner"@dom')
    expect(quoteAddress('@a:user@dom')).toBe('"@a:user"@dom')
    expect(quoteAddress('')).toBe('')
  })
})

describe('quoteHeaderAddress', () => {
  it.each(BOTH_FORMS)('G-136, Q-340: %j becomes %j', (internal, external) => {
    expect(quoteHeaderAddress(internal)).toBe(external)
  })

  it.each([
    ['', '""'],
    ['us\ner@dom', '"us\ner"@dom'],
    ['@relay.example:user@example.net', '@relay.example:user@example.net'],
    ['@r1,@r2:a b@dom', '@r1,@r2:"a b"@dom'],
    ['@r1.test:', '@r1.test:""'],
    ['@[IPv6:::1]', '""@[IPv6:::1]'],
    ['@[IPv6:::1]:user@dom', '@[IPv6:::1]:user@dom'],
    ['@[a:b', '""@[a:b'],
  ])('Q-340: %j becomes %j', (internal, external) => {
    expect(quoteHeaderAddress(internal)).toBe(external)
  })
})

describe('unquoteAddress', () => {
  it.each([
    ['user@dom', 'user@dom'],
    ['"a b"@dom', 'a b@dom'],
    ['"a@b"@c', 'a@b@c'],
    ['"a@b"', 'a@b'],
    ['"a\\"b"@dom', 'a"b@dom'],
    ['us\\er@dom', 'user@dom'],
    ['"us er@dom', 'us er@dom'],
    ['a@b"c"@d', 'a@bc@d'],
    ['a@"quoted".domain\\', 'a@"quoted".domain\\'],
    ['a\\@b', 'a@b'],
    ['a\\', 'a\\'],
    ['""', ''],
    ['', ''],
  ])('G-137: %j becomes %j', (external, internal) => {
    expect(unquoteAddress(external)).toBe(internal)
  })

  it('G-137: undoes both quotings, whatever the address', () => {
    fc.assert(
      fc.property(oddAddress, (address) => {
        expect(unquoteAddress(quoteAddress(address))).toBe(address)
        // What looks like a source route stays, and G-137 knows no routes: see the table above.
        const hasRoute = address.startsWith('@')
        if (!hasRoute) expect(unquoteAddress(quoteHeaderAddress(address))).toBe(address)
      }),
      { numRuns: 200 },
    )
  })
})

it('survives addresses of a megabyte', () => {
  for (const piece of ['a.', '"', '\\"', '@a:', '[', '(']) {
    const address = piece.repeat(300_000)
    expect(unquoteAddress(quoteAddress(address))).toBe(address)
  }
})
