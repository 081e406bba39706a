import { expect, it } from 'vitest'

import { arrive, create, createRoundRobin, nextDelivery } from '../test/sequence.ts'
import type { Crowd } from './index.ts'

it.each([
  ['qmgr', create],
  ['oqmgr', createRoundRobin],
])('S-85: %s tells of a destination with many entries, and whether it is alone', (_, make) => {
  const crowds: Crowd[] = []
  const crowd = { entries: 2, observe: (one: Crowd) => crowds.push(one) }
  const scheduler = make({ initial: 1, limit: 20 }, { crowd })
  // It has no mail any more when there is a crowd for another one.
  arrive(scheduler, 'A', ['y'])
  scheduler.finish(nextDelivery(scheduler, 0)!, { kind: 'answered' }, 0)

  arrive(scheduler, 'B', ['x'])
  expect(nextDelivery(scheduler, 0)?.destination).toBe('x')
  arrive(scheduler, 'C', ['x'])
  expect(crowds).toEqual([])
  arrive(scheduler, 'D', ['x'])
  const first = { transport: 'smtp', destination: 'x', entries: 3, busy: 1, window: 1, limit: 20 }
  expect(crowds).toEqual([{ ...first, isAlone: true }])

  arrive(scheduler, 'E', ['y', 'x'])
  expect(crowds.slice(1)).toEqual([{ ...first, entries: 4, isAlone: false }])
})
