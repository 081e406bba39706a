import { expect, it } from 'vitest'

import { arrive, create, distinct, type MailScheduler } from '../test/sequence.ts'
import type { Delivery } from './index.ts'

const BLAMED = { kind: 'blamed', status: '4.4.1', reason: 'refused' } as const

function take(scheduler: MailScheduler, nowMs: number) {
  const all: Delivery<{ name: string; to: string[] }, string>[] = []
  for (let one = scheduler.next(nowMs); one?.kind === 'deliver'; one = scheduler.next(nowMs)) {
    all.push(one)
  }
  return all
}

it('O-9, S-79: the third failure of five hands over all that waits, for 300 s', () => {
  const scheduler = create()
  const activation = arrive(scheduler, 'A', new Array(16).fill('x'))
  const attempts = take(scheduler, 0)
  const died = attempts.map((one) => scheduler.finish(one, BLAMED, 30_000))
  expect(died.map((one) => one?.entries.length)).toEqual([
    undefined,
    undefined,
    11,
    undefined,
    undefined,
  ])
  const reason = 'delivery temporarily suspended: refused'
  expect(died[2]).toMatchObject({ status: '4.4.1', reason })
  expect(died[2]?.entries.every((entry) => entry.activation === activation)).toBe(true)
  expect(activation.done).toBe(true)
  const to = { transport: 'smtp', destination: 'x' }
  expect(scheduler.add(activation, to, 'x', 329_999)).toEqual({ status: '4.4.1', reason })
  expect(scheduler.add(activation, to, 'x', 330_000)).toBeUndefined()
  expect(activation.done).toBe(false)
})

it('S-80: an unreachable transport hands over what waits for any destination, for 60 s', () => {
  const scheduler = create({ processLimit: 1 })
  arrive(scheduler, 'A', ['x', 'x', 'y', 'z'])
  const [first] = take(scheduler, 0)
  const gone = {
    kind: 'unreachable',
    status: '4.3.0',
    reason: 'mail transport unavailable',
  } as const
  expect(scheduler.finish(first!, gone, 0)?.entries).toHaveLength(3)
  expect(scheduler).toMatchObject({ size: 0, busy: 0, recipients: 0, destinations: 0 })
  expect(scheduler.nextWakeMs()).toBe(60_000)
})

it('O-12, S-43: a window below its use does not hold up another destination', () => {
  const scheduler = create({ failedCohortLimit: 10 })
  arrive(scheduler, 'A', new Array(20).fill('x'))
  const [first] = take(scheduler, 0)
  scheduler.finish(first!, BLAMED, 0)
  expect(take(scheduler, 0)).toEqual([])
  arrive(scheduler, 'B', ['y'])
  expect(take(scheduler, 0)).toMatchObject([{ destination: 'y' }])
})

it.each([
  ['a: small mail for another destination goes at once', 'y', ['B']],
  ['b: for the same one it waits for the next free place', 'x', []],
])('X-26 %s', (_, to, atOnce) => {
  const scheduler = create({ destinationRecipientLimit: 2 })
  const names = (nowMs: number) =>
    take(scheduler, nowMs).map(({ activation }) => activation.message.name)
  arrive(scheduler, 'A', new Array(20_000).fill('x'))
  const [first] = take(scheduler, 0)
  arrive(scheduler, 'B', [to], 500)
  expect(names(500)).toEqual(atOnce)
  scheduler.finish(first!, { kind: 'answered' }, 1000)
  expect(names(1000)).toEqual(to === 'x' ? ['B', 'A'] : ['A', 'A'])
})

it('refuses a delivery that was finished before', () => {
  const scheduler = create()
  arrive(scheduler, 'A', ['x'])
  const [one] = take(scheduler, 0)
  scheduler.finish(one!, { kind: 'answered' }, 0)
  expect(() => scheduler.finish(one!, { kind: 'answered' }, 0)).toThrow(/in flight/)
})

it('S-54: what a preempting message did not need is given back', () => {
  const scheduler = create({ initial: 1, processLimit: 1, destinationRecipientLimit: 1 })
  arrive(scheduler, 'A', distinct('a', 100))
  let order = ''
  for (let one = scheduler.next(0); one?.kind === 'deliver'; one = scheduler.next(0)) {
    const { name } = one.activation.message
    order += name
    if (order === 'A') arrive(scheduler, 'B', new Array(6).fill('x'))
    // Of the six one was tried, so A lost five turns' worth and not thirty.
    if (order === 'AB') arrive(scheduler, 'C', ['c'])
    scheduler.finish(one, name === 'B' ? BLAMED : { kind: 'answered' }, 0)
  }
  expect(order).toBe(`AB${'A'.repeat(5)}C${'A'.repeat(94)}`)
})
