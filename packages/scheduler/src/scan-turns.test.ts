import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type ScannedQueue, ScanTurns } from './index.ts'

const LETTERS = { incoming: 'I', deferred: 'D' } as const

/** Two queues of files, `x` for one that is skipped, and an active queue that leaks. */
function admissions(incoming: string, deferred: string, limit: number, leaks = true): string {
  const turns = new ScanTurns()
  const left: Record<ScannedQueue, string[]> = {
    incoming: [...incoming],
    deferred: [...deferred],
  }
  let admitted = ''
  let active = 0
  const pass = () => {
    for (let isOver = false; !isOver; ) {
      const queue = turns.turn
      const isAdmitted = left[queue].shift() === 'f'
      if (isAdmitted) {
        admitted += LETTERS[queue]
        active += 1
      }
      isOver = turns.tried(isAdmitted, active < limit)
    }
  }
  while (left.incoming.length + left.deferred.length > 0) {
    while (active < limit && left.incoming.length + left.deferred.length > 0) pass()
    if (!leaks) break
    active -= 1
  }
  return admitted
}

const files = (count: number) => 'f'.repeat(count)

describe('ScanTurns', () => {
  it('S-13, O-14: with room, incoming and deferred take turns', () => {
    expect(admissions(files(20), files(20), 100)).toBe('ID'.repeat(20))
  })

  it('S-13, O-14: without room, what is new goes first, and then what waited', () => {
    const order = admissions(files(20), files(20), 5)
    expect(order).toBe(`IDIDI${'I'.repeat(17)}${'D'.repeat(18)}`)
  })

  it('S-13: one that has nothing, or skips, takes no turn from the other', () => {
    expect(admissions('', files(5), 100)).toBe('DDDDD')
    expect(admissions(files(5), '', 100)).toBe('IIIII')
    expect(admissions('xfxf', 'ff', 100)).toBe('DIDI')
  })

  it('S-12: nothing is admitted above the limit', () => {
    expect(admissions(files(20), files(20), 7, false)).toHaveLength(7)
  })

  it('S-12: a scan that skipped is not followed by the other when there is no room any more', () => {
    const turns = new ScanTurns()
    expect(turns.tried(false, true)).toBe(false)
    expect(turns.turn).toBe('deferred')
    expect(new ScanTurns().tried(false, false)).toBe(true)
  })

  it('S-13: whatever is skipped, all that is not is admitted, in the order of its queue', () => {
    const queue = fc.string({ unit: fc.constantFrom('f', 'x'), maxLength: 40 })
    fc.assert(
      fc.property(queue, queue, fc.integer({ min: 1, max: 10 }), (incoming, deferred, limit) => {
        const count = (text: string, letter: string) => text.split(letter).length - 1
        const order = admissions(incoming, deferred, limit)
        expect(count(order, 'I')).toBe(count(incoming, 'f'))
        expect(count(order, 'D')).toBe(count(deferred, 'f'))
        // Once it is full, a deferred one goes in only when no new one is left.
        const full = order.slice(limit)
        if (full.includes('DI')) expect(incoming).toContain('x')
      }),
    )
  })
})
