import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { systemClock } from './index.ts'

const LONG_MS = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('calls after a long delay, not before it and not a second later', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: LONG_MS, max: LONG_MS + 5000 })), (delaysMs) => {
      const waiting = new Set(delaysMs.keys())
      for (const [at, delayMs] of delaysMs.entries()) {
        systemClock.after(delayMs, () => expect(waiting.delete(at)).toBe(true))
      }
      for (let nowMs = LONG_MS - 1; nowMs < LONG_MS + 7000; nowMs += 500) {
        vi.advanceTimersByTime(nowMs === LONG_MS - 1 ? nowMs : 500)
        for (const [at, delayMs] of delaysMs.entries()) {
          if (delayMs > nowMs) expect(waiting.has(at)).toBe(true)
          if (delayMs + 1000 <= nowMs) expect(waiting.has(at)).toBe(false)
        }
      }
    }),
  )
})

it('calls all of a second but those that were cancelled, before or by one of them', () => {
  const cancelled = fc.uniqueArray(fc.nat(9))
  fc.assert(
    fc.property(cancelled, cancelled, (early, late) => {
      const called: number[] = []
      const cancels = Array.from({ length: 10 }, (_, at) =>
        systemClock.after(LONG_MS, () => {
          called.push(at)
          if (called.length === 1) for (const other of late) cancels[other]!()
        }),
      )
      for (const at of early) cancels[at]!()
      for (const at of early) cancels[at]!()
      vi.advanceTimersByTime(LONG_MS + 1000)
      expect(new Set(called).size).toBe(called.length)
      const [first] = called
      const all = Array.from({ length: 10 }, (_, at) => at)
      const left = all.filter((at) => !early.includes(at) && (at === first || !late.includes(at)))
      expect(called.toSorted((a, b) => a - b)).toEqual(left)
    }),
  )
})

it('takes the longest delay there is', () => {
  const fn = vi.fn()
  systemClock.after(2 ** 31 - 1, fn)
  vi.advanceTimersByTime(LONG_MS)
  expect(fn).not.toHaveBeenCalled()
})
