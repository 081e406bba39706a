import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { printable } from './index.ts'

it.each([
  ['plain ~ text', 'plain ~ text'],
  ['one\ntwo\r\tthree\0\x7f', 'one?two??three??'],
  ['grüße 漢字 😀', 'grüße 漢字 😀'],
  ['latin1 \udce9 and \udcff', 'latin1 ? and ?'],
  ['\ud83d alone, \udc00 alone', '? alone, ? alone'],
  ['terminal \u009b2J', 'terminal ?2J'],
  ['a line \u2028 for some, \u2029 too', 'a line ? for some, ? too'],
])('G-158: %j is logged as %j', (text, expected) => {
  expect(printable(text)).toBe(expected)
})

it.each([
  ['grüße 漢 😀', 'gr????e ??? ????'],
  ['latin1 \udce9, \ud83d alone', 'latin1 ?, ? alone'],
  ['one\n\u009btwo\u2028', 'one???two???'],
])('Q-401: %j is logged as %j without smtputf8_enable', (text, expected) => {
  expect(printable(text, 100, false)).toBe(expected)
  expect(printable(text, 5, false)).toBe(expected.slice(0, 5))
})

it.each([
  ['abcdef', 3, 'abc'],
  ['aé', 2, 'a'],
  ['aé', 3, 'aé'],
  ['a😀b', 2, 'a'],
  ['a😀b', 4, 'a'],
  ['a😀b', 5, 'a😀'],
  ['\n\n\n\n', 3, '???'],
])('G-158: cuts %j after %i bytes between characters', (text, maxBytes, expected) => {
  expect(printable(text, maxBytes)).toBe(expected)
})

it('G-158: never yields a control character, broken UTF-8 or more bytes than allowed', () => {
  const anyText = fc
    .array(fc.oneof(fc.nat({ max: 0xff }), fc.nat({ max: 0xffff })))
    .map((units) => String.fromCharCode(...units))
  fc.assert(
    fc.property(anyText, fc.nat({ max: 30 }), (text, maxBytes) => {
      const result = printable(text, maxBytes)
      expect(Buffer.byteLength(result)).toBeLessThanOrEqual(maxBytes)
      expect(result).not.toMatch(/[\x00-\x1f\x7f]/)
      expect(result.isWellFormed()).toBe(true)
      expect(printable(text).startsWith(result)).toBe(true)
    }),
  )
})
