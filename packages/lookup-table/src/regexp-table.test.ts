import { describe, expect, it } from 'vitest'

import { ownAnswers, patternVectors, recordedAnswers } from '../test/table-vectors.ts'

describe('G-60: as postmap -q answers', () => {
  it.each(patternVectors('regexp'))('$source', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})
