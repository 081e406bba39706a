import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { hostnameProblem, isValidHostname } from './index.ts'

it.each([
  ['bad_-host-.test', 'misplaced hyphen: bad_-host-.test'],
  ['-a.test', 'misplaced hyphen: -a.test'],
  ['a..test', 'misplaced delimiter: a..test'],
  ['a.test.', 'misplaced delimiter: a.test.'],
  ['a b', 'invalid character 32(decimal): a b'],
  ['1.2.3', 'numeric hostname: 1.2.3'],
  [`${'a'.repeat(64)}.test`, `hostname label too long: ${'a'.repeat(64)}.test`],
  ['a.'.repeat(130).concat('test'), `bad length 264 for ${'a.'.repeat(50)}...`],
])('G-19: %s', (name, problem) => {
  expect(hostnameProblem(name)).toBe(`valid_hostname: ${problem}`)
})

it('G-144: finds one where a name is not valid, and only there', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '1', '-', '_', '.', ' '), minLength: 1 })
  fc.assert(
    fc.property(name, (text) => {
      expect(hostnameProblem(text) === undefined).toBe(isValidHostname(text))
    }),
    { numRuns: 1000 },
  )
})
