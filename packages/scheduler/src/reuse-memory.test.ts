import { expect, it } from 'vitest'

import { ReuseMemory } from './reuse-memory.ts'
import { SessionReuse } from './session-reuse.ts'

function doneAt(nowMs: number): SessionReuse {
  const reuse = new SessionReuse()
  reuse.end(nowMs)
  return reuse
}

it('gives back what was kept, once', () => {
  const memory = new ReuseMemory()
  memory.keep('x', doneAt(0))
  expect(memory.take('x').begin(900, true)).toEqual({ load: true, store: true })
  expect(memory.take('x').begin(900, true)).toEqual({ load: false, store: false })
})

it('forgets what is older than a second when something is kept', () => {
  const memory = new ReuseMemory()
  const old = doneAt(0)
  memory.keep('old', old)
  memory.keep('new', doneAt(1001))
  expect(memory.take('old')).not.toBe(old)
  expect(memory.take('new').isRecent(1500)).toBe(true)
})
