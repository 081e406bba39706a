import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { isStatus, parseStatus, splitReason, statusOfClass, withClass } from './index.ts'

it.each(['2.0.0', '4.7.25', '5.123.999'])('RFC 3463: %s is a status', (text) => {
  expect(isStatus(text)).toBe(true)
  expect(parseStatus(text)).toBe(text)
})

it.each(['', '5', '5.1', '5.1.', '5.1.1 ', ' 5.1.1', '3.1.1', '5.1234.1', '5.1.1234', '5.1.1\n'])(
  'RFC 3463: %j is not a status',
  (text) => {
    expect(isStatus(text)).toBe(false)
  },
)

it.each([
  ['5.1.1 no such user', '5.1.1'],
  ['  4.2.0\tlater', '4.2.0'],
  ['5.1.1x', undefined],
  ['no 5.1.1', undefined],
  ['', undefined],
])('finds the status at the start of %j', (text, status) => {
  expect(parseStatus(text)).toBe(status)
})

it('changes the class and keeps subject and detail', () => {
  expect(withClass('5.1.1', '4')).toBe('4.1.1')
  expect(withClass('4.7.0', '4')).toBe('4.7.0')
})

it('S-91: replaces a status of another class by X.0.0', () => {
  expect(statusOfClass('5.1.1', '5')).toBe('5.1.1')
  expect(statusOfClass('4.2.1', '5')).toBe('5.0.0')
  expect(statusOfClass('4', '4')).toBe('4.0.0')
})

it.each([
  ['5.1.1 no such', '5.0.0', { status: '5.1.1', text: 'no such' }],
  ['5.1.1', '5.0.0', { status: '5.1.1', text: '' }],
  ['no such', '5.0.0', { status: '5.0.0', text: 'no such' }],
  ['out of order', '4.0.0', { status: '4.0.0', text: 'out of order' }],
  ['5.1.1: no such', '5.0.0', { status: '5.0.0', text: '5.1.1: no such' }],
])('S-95: splits the next hop %j', (text, defaultStatus, expected) => {
  expect(splitReason(text, defaultStatus)).toEqual(expected)
})

it('splits whatever status and text were joined, and loses nothing of any other text', () => {
  const part = fc.nat({ max: 999 })
  const words = fc.string().map((text) => `x${text}`)
  fc.assert(
    fc.property(fc.constantFrom('2', '4', '5'), part, part, words, (first, second, third, text) => {
      const status = `${first}.${second}.${third}`
      expect(splitReason(`${status} ${text}`, '5.0.0')).toEqual({ status, text })
      expect(splitReason(text, '5.0.0')).toEqual({ status: '5.0.0', text })
    }),
  )
})
