import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { DueIndex, SLOT_MS } from './due-index.ts'

describe('DueIndex', () => {
  it('gives what is due until the end of a slot, the soonest slot first, once', () => {
    const index = new DueIndex(10)
    index.add('C', 3 * SLOT_MS)
    index.add('A2', 2 * SLOT_MS - 1)
    index.add('A1', SLOT_MS)
    index.add('B', 2.5 * SLOT_MS)
    index.add('B', 2.5 * SLOT_MS)
    expect(index.size).toBe(4)
    expect([...index.take(2 * SLOT_MS)]).toEqual(['A2', 'A1', 'B'])
    expect([...index.take(2 * SLOT_MS)]).toEqual([])
    expect(index).toMatchObject({ size: 1, horizonMs: Number.POSITIVE_INFINITY })
  })

  it('gives a message once that has two times', () => {
    const index = new DueIndex(10)
    index.add('A', SLOT_MS)
    index.add('A', 2 * SLOT_MS)
    expect([...index.take(2 * SLOT_MS)]).toEqual(['A'])
  })

  it('does not give again what comes while it is read', () => {
    const index = new DueIndex(10)
    index.add('A', 0)
    const taken = []
    for (const id of index.take(SLOT_MS)) {
      taken.push(id)
      index.add(id, SLOT_MS)
    }
    expect(taken).toEqual(['A'])
  })

  it('keeps the sooner half when it is full, and knows how far it reaches', () => {
    const index = new DueIndex(4)
    for (const slot of [5, 1, 4, 2, 3]) index.add(`S${slot}`, slot * SLOT_MS)
    expect(index).toMatchObject({ size: 2, horizonMs: 3 * SLOT_MS })
    index.add('late', 3 * SLOT_MS)
    index.add('S2b', 3 * SLOT_MS - 1)
    expect([...index.take(10 * SLOT_MS)]).toEqual(['S1', 'S2', 'S2b'])
    index.clear()
    index.add('late', 3 * SLOT_MS)
    expect(index).toMatchObject({ size: 1, horizonMs: Number.POSITIVE_INFINITY })
  })

  it('never holds more than its capacity, and all that is due before the horizon', () => {
    const times = fc.array(fc.integer({ min: -5000, max: 100_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 20 }), (dueMs, capacity) => {
        const index = new DueIndex(capacity)
        dueMs.forEach((due, i) => {
          index.add(`M${i}`, due)
          expect(index.size).toBeLessThanOrEqual(capacity)
        })
        const horizon = index.horizonMs
        const known = new Set(index.take(horizon - 1))
        dueMs.forEach((due, i) => {
          expect(known.has(`M${i}`), `M${i}`).toBe(due < horizon)
        })
      }),
    )
  })
})
