import { describe, expect, it } from 'vitest'

import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'

describe('G-50: as postmap -q answers', () => {
  it.each(tableVectors('small', 'fail'))('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
