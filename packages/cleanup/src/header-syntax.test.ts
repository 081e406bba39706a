import { describe, expect, it } from 'vitest'

import {
  cutAtNul,
  cutHeader,
  findHeaderColon,
  findHeaderEnd,
  headerNameEnd,
  headerValueStart,
} from './header-syntax.ts'

describe('findHeaderColon', () => {
  it.each([
    ['Subject: x', 7],
    ['Subject \t: x', 9],
    ['a:', 1],
    ['!~:', 2],
    [': x', -1],
    [' a: x', -1],
    ['', -1],
    ['no colon', -1],
    ['no colon: later', -1],
    ['Sub\0ject: x', -1],
    ['Sub\x7fject: x', -1],
    ['Subj\xe9t: x', -1],
    ['Subject\r: x', -1],
    ['line\n: x', -1],
  ])('Q-510: %j has it at %i', (line, colon) => {
    expect(findHeaderColon(Buffer.from(line, 'latin1'), 0, 100)).toBe(colon)
  })

  it('F-45: looks no further than the first record', () => {
    expect(findHeaderColon(Buffer.from('..12345:'), 2, 6)).toBe(7)
    expect(findHeaderColon(Buffer.from('..12345:'), 2, 5)).toBe(-1)
  })
})

it('Q-510: the name ends before the blanks before the colon', () => {
  expect(headerNameEnd(Buffer.from('From \t: x'), 6)).toBe(4)
  expect(headerNameEnd(Buffer.from('From: x'), 4)).toBe(4)
})

it.each([
  ['a: 1\nb: 2\n', 5],
  ['a: 1\n 2\n\t3\nb: 2\n', 11],
  ['a: 1\n \n\nbody', 7],
  ['a: 1', 4],
  ['a: 1\n', 5],
  ['a: 1\n 2', 7],
])('Q-511: the header of %j ends at %i', (text, end) => {
  expect(findHeaderEnd(Buffer.from(text), 0)).toBe(end)
})

it('Q-407: a value begins behind colon, blanks and line ends', () => {
  expect(headerValueStart(Buffer.from('a:\n \t b'), 1, 7)).toBe(6)
  expect(headerValueStart(Buffer.from('a: \nb: 2'), 1, 3)).toBe(3)
})

it.each([
  ['exactly', 7, 'exactly'],
  ['too long', 7, 'too lon'],
  ['a: 4567890\n 3', 10, 'a: 4567890'], // A line end right at the limit.
  ['a: 456789\n 2345', 10, 'a: 456789'], // At 90 %: cut at the limit, and no empty line made.
  ['a: 45678901234567\n 901', 20, 'a: 45678901234567\n 9'], // Before 90 %.
  ['a: 4567890123456789\n12', 20, 'a: 4567890123456789'],
])('Q-515: cuts %j to %i bytes: %j', (header, limit, expected) => {
  expect(cutHeader(Buffer.from(header), limit).toString()).toBe(expected)
})

it('Q-514: cuts each line at its first NUL', () => {
  expect(cutAtNul(Buffer.from('a: \xe9\0b\0c\n d\0', 'latin1')).toString('latin1')).toBe(
    'a: \xe9\n d',
  )
})
