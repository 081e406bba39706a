import { describe, expect, it } from 'vitest'

import { cutHeader, findHeaderColon } from './header-buffer.ts'

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
    expect(findHeaderColon(Buffer.from(line, 'latin1'), 100)).toBe(colon)
  })

  it('F-45: looks no further than the first record', () => {
    expect(findHeaderColon(Buffer.from('12345:'), 6)).toBe(5)
    expect(findHeaderColon(Buffer.from('12345:'), 5)).toBe(-1)
  })
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
