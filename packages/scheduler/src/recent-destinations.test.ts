import { expect, it } from 'vitest'

import { ConcurrencyWindow } from './concurrency-window.ts'
import { type RecentDestination, RecentDestinations } from './recent-destinations.ts'
import { SessionReuse } from './session-reuse.ts'

const one = { base: 1, dividedByWindow: false }
const options = { initial: 5, limit: 20, positive: one, negative: one, failedCohortLimit: 1 }

function doneAt(nowMs: number): RecentDestination {
  const reuse = new SessionReuse()
  reuse.end(nowMs)
  return { reuse, window: new ConcurrencyWindow(options) }
}

it('gives back what was kept, once', () => {
  const memory = new RecentDestinations()
  const kept = doneAt(0)
  memory.keep('x', kept)
  expect(memory.take('x')).toEqual(kept)
  expect(memory.take('x')).toBeUndefined()
})

it('forgets what is older than a second when something is kept', () => {
  const memory = new RecentDestinations()
  memory.keep('old', doneAt(0))
  memory.keep('new', doneAt(1001))
  expect(memory.take('old')).toBeUndefined()
  expect(memory.take('new')).toBeDefined()
})
