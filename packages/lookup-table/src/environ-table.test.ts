import { describe, expect, it } from 'vitest'

import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'

describe('G-50: as postmap -q answers', () => {
  it.each(tableVectors('small', 'environ'))('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
