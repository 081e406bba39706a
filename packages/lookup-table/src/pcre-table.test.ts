import { describe, expect, it } from 'vitest'

import { ownAnswers, patternVectors, recordedAnswers } from '../test/table-vectors.ts'

describe('G-60: as postmap -q answers', () => {
  it.each(patternVectors('pcre'))('$source', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})

describe('what PCRE can do and we cannot', () => {
  const question = (source: string) =>
    ownAnswers({ table: 'pcre:FILE', source, log: [], queries: [{ key: 'a' }] })[0]

  it.each([
    ['(?|(a)|(b))', '(?|…) is'],
    ['(?R)', 'a call of a group, or recursion, is'],
    ['(a)(?1)', 'a call of a group, or recursion, is'],
    ['(a)(?-1)', 'a call of a group, or recursion, is'],
    ['(?<n>a)(?&n)', 'a call of a group, or recursion, is'],
    ['(?<n>a)(?P>n)', 'a call of a group, or recursion, is'],
    ['(a)\\g<1>', 'a call of a group is'],
    ['(a)?(?(1)b|c)', 'a condition (?(…)…) is'],
    ['(?C)a', 'a callout is'],
    ['(*ACCEPT)a', '(*…) is'],
    ['(*UTF)a', '(*…) is'],
    ['\\X', '\\X is'],
    ['(?J)a', 'the option J is'],
    ['(\\g{+1}b|(a))+', 'a reference to a group that follows is'],
    ['(\\k<n>b|(?<n>a))+', 'a reference by name to a group that follows is'],
  ])('/%s/ is skipped, and the warning says why', (pattern, what) => {
    expect(question(`/${pattern}/ x\n/./ next`)).toEqual({
      key: 'a',
      value: 'next',
      error: undefined,
      warnings: [`pcre map FILE, line 1: ${what} not supported: skipping this rule`],
    })
  })

  it('the rules behind an IF with it never apply', () => {
    expect(question('if !/(?R)/\n/./ inside\nendif\n/./ next')).toMatchObject({ value: 'next' })
  })
})
