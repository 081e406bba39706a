import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { headerName } from './header-names.ts'

it.each([
  'Message-Id',
  'MESSAGE-ID',
  'message-id',
  'To',
  'Tp',
  'x-mailer',
  'X-Mailes',
  'Mime_Version',
  'mime\x4dversion',
  '!@[^',
  '~~',
  `X-${'y'.repeat(40)}`,
])('Q-510: the name %j is in lower case', (name) => {
  expect(headerName(Buffer.from(`${name}: x`), name.length)).toBe(name.toLowerCase())
})

it('Q-510: any name is in lower case, and nothing else', () => {
  const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
  const near = fc
    .tuple(fc.constantFrom('content-type', 'to', 'DATE', 'Subject'), fc.nat({ max: 20 }), printable)
    .map(([name, at, one]) => name.slice(0, at) + one + name.slice(at + 1))
  const name = fc.oneof(
    near,
    fc.array(printable, { minLength: 1 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(name, (text) => {
      expect(headerName(Buffer.from(text), text.length)).toBe(text.toLowerCase())
    }),
    { numRuns: 2000 },
  )
})
