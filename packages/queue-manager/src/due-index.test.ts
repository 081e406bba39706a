import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { DueIndex } from './due-index.ts'

describe('DueIndex', () => {
  it('gives what is due until the end of a second, the soonest first, once', () => {
    const index = new DueIndex(10)
    index.add('C', 3000)
    index.add('A2', 1999)
    index.add('A1', 1000)
    index.add('B', 2500)
    index.add('B', 2500)
    expect(index.size).toBe(4)
    expect([...index.take(2000)]).toEqual(['A2', 'A1', 'B'])
    expect([...index.take(2000)]).toEqual([])
    expect(index).toMatchObject({ size: 1, horizonMs: Number.POSITIVE_INFINITY })
  })

  it('gives a message once that has two times', () => {
    const index = new DueIndex(10)
    index.add('A', 1000)
    index.add('A', 2000)
    expect([...index.take(2000)]).toEqual(['A'])
  })

  it('does not give again what comes while it is read', () => {
    const index = new DueIndex(10)
    index.add('A', 0)
    const taken = []
    for (const id of index.take(1000)) {
      taken.push(id)
      index.add(id, 1000)
    }
    expect(taken).toEqual(['A'])
  })

  it('keeps the sooner half when it is full, and knows how far it reaches', () => {
    const index = new DueIndex(4)
    for (const second of [5, 1, 4, 2, 3]) index.add(`S${second}`, second * 1000)
    expect(index).toMatchObject({ size: 2, horizonMs: 3000 })
    index.add('late', 3000)
    index.add('S2b', 2999)
    expect([...index.take(10_000)]).toEqual(['S1', 'S2', 'S2b'])
    index.clear()
    index.add('late', 3000)
    expect(index).toMatchObject({ size: 1, horizonMs: Number.POSITIVE_INFINITY })
  })

  it('never holds more than its capacity, and all that is due before the horizon', () => {
    const times = fc.array(fc.integer({ min: -5, max: 60 }), { maxLength: 200 })
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 20 }), (seconds, capacity) => {
        const index = new DueIndex(capacity)
        seconds.forEach((second, i) => {
          index.add(`M${i}`, second * 1000)
          expect(index.size).toBeLessThanOrEqual(capacity)
        })
        const horizon = index.horizonMs
        const known = new Set(index.take(horizon - 1))
        seconds.forEach((second, i) => {
          expect(known.has(`M${i}`), `M${i}`).toBe(second * 1000 < horizon)
        })
      }),
    )
  })
})
