import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { SchedulerClock } from './scheduler-clock.ts'

function create() {
  const { logger, lines } = memoryLogger()
  let realMs = 0
  const clock = new SchedulerClock(() => realMs, logger)
  const at = (ms: number) => {
    realMs = ms
    return clock.now()
  }
  return { at, lines }
}

describe('SchedulerClock', () => {
  it('follows the clock of the machine, also when it leaps ahead', () => {
    const { at, lines } = create()
    expect([at(1000), at(1000), at(1001), at(9_000_000)]).toEqual([1000, 1000, 1001, 9_000_000])
    expect(lines).toEqual([])
  })

  it('S-93: goes on at half speed after a jump back, until the other has caught up', () => {
    const { at, lines } = create()
    at(100_000)
    expect([at(90_000), at(91_000), at(95_000)]).toEqual([100_000, 100_500, 102_500])
    expect([at(109_999), at(110_000), at(110_001)]).toEqual([109_999.5, 110_000, 110_001])
    expect(lines).toEqual([
      'warning: backward time jump detected -- slewing clock',
      'warning: backward time jump recovered -- back to normality',
    ])
  })

  it('S-93: another jump back does not set it back either', () => {
    const { at, lines } = create()
    at(100_000)
    expect([at(90_000), at(80_000), at(82_000)]).toEqual([100_000, 100_000, 101_000])
    expect(lines).toHaveLength(1)
  })

  it('stands still for a small step back, and says nothing', () => {
    const { at, lines } = create()
    at(100_000)
    expect([at(99_500), at(99_900), at(100_001)]).toEqual([100_000, 100_000, 100_001])
    expect(lines).toEqual([])
  })
})
