import { describe, expect, it } from 'vitest'

import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'

describe('G-57: as postmap -q answers', () => {
  it.each(tableVectors('texthash'))('$table of $source', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
