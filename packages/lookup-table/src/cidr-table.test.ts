import { describe, expect, it } from 'vitest'

import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'

describe('G-59: as postmap -q answers', () => {
  it.each(tableVectors('cidr'))('$table of $source', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
