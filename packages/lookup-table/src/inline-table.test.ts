import { describe, expect, it } from 'vitest'

import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'

describe('G-61: as postmap -q answers', () => {
  it.each(tableVectors('small', 'inline'))('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
