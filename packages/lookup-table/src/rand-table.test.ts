import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'
import { openRandTable } from './rand-table.ts'

describe('G-62: as postmap -q answers', () => {
  it.each(tableVectors('composed', 'randmap'))('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})

it('G-62: each element can come', () => {
  const { environment, ...context } = tableContext({ now: () => 0, after: () => () => {} }, [])
  let number = 0
  const random = () => number
  const table = openRandTable('{a, {b c} d}', {
    ...context,
    environment: { ...environment, random },
  })
  const found = [0, 0.3, 0.34, 0.66, 0.67, 0.999].map((next) => {
    number = next
    return table.lookup('any')
  })
  expect(found).toEqual(['a', 'a', '{b c}', '{b c}', 'd', 'd'])
})
