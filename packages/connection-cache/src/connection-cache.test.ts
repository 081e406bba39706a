import { type Clock, VirtualClock } from '@posthouse/clock'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ConnectionCache } from './index.ts'

const TTL_MS = 2000

function setUp(maxSessions = 10, clock: Clock = new VirtualClock()) {
  const closed: string[] = []
  const cache = new ConnectionCache<string>({ maxSessions, maxTtlMs: TTL_MS }, clock)
  const store = (session: string, labels = ['d'], ttlMs = TTL_MS) =>
    cache.store(labels, session, ttlMs, (one) => closed.push(one))
  return { cache, closed, store }
}

describe('ConnectionCache', () => {
  it('C-124: keeps several sessions per label, hands out the one stored last, each once', () => {
    const { cache, closed, store } = setUp()
    store('one')
    store('two')
    store('other', ['e'])
    expect([cache.take('d'), cache.take('d'), cache.take('d')]).toEqual(['two', 'one', undefined])
    expect(cache.size).toBe(1)
    expect(closed).toEqual([])
  })

  it('C-117: a session taken by one label is gone from the others', () => {
    const { cache, store } = setUp()
    store('one', ['destination', 'endpoint'])
    store('two', ['endpoint'])
    expect(cache.take('destination')).toBe('one')
    expect([cache.take('endpoint'), cache.take('endpoint')]).toEqual(['two', undefined])
  })

  it('C-124: closes a session when its time is over, and not before', async () => {
    const clock = new VirtualClock()
    const { cache, closed, store } = setUp(10, clock)
    store('long')
    store('short', ['d'], 500)
    store('too long', ['d'], 60_000)
    await clock.run(499)
    expect(closed).toEqual([])
    await clock.run(500)
    expect(closed).toEqual(['short'])
    await clock.run(TTL_MS)
    expect(closed).toEqual(['short', 'long', 'too long'])
    expect(cache.size).toBe(0)
  })

  it('closes at once what may not be kept', () => {
    const { cache, closed, store } = setUp()
    store('expired', ['d'], 0)
    store('without label', [])
    expect(closed).toEqual(['expired', 'without label'])
    expect(cache.size).toBe(0)
  })

  it('makes room by closing the session nearest to its expiry', () => {
    const { cache, closed, store } = setUp(2)
    store('long', ['a'])
    store('short', ['b'], 500)
    store('new', ['c'])
    expect(closed).toEqual(['short'])
    expect(cache.size).toBe(2)
  })

  it('closes all, and goes on', () => {
    const { cache, closed, store } = setUp()
    store('one')
    store('two', ['e'])
    cache.closeAll()
    expect(closed).toEqual(['one', 'two'])
    store('three')
    expect(cache.take('d')).toBe('three')
  })

  it('never hands out a session whose timer is late', () => {
    let now = 0
    const clock: Clock = { now: () => now, after: () => () => undefined }
    const { cache, closed, store } = setUp(10, clock)
    store('old')
    now = TTL_MS
    expect(cache.take('d')).toBeUndefined()
    expect(closed).toEqual(['old'])
  })

  it('starts one timer for many sessions', () => {
    let timers = 0
    let started = 0
    const clock: Clock = {
      now: () => started,
      after: () => {
        timers++
        started++
        return () => timers--
      },
    }
    const { cache, store } = setUp(1000, clock)
    for (let round = 0; round < 500; round++) {
      store(`${round}`)
      if (round < 100 || round % 2 === 0) cache.take('d') // The only one, at first.
    }
    expect([timers, started]).toEqual([1, 1])
    cache.closeAll()
    expect(timers).toBe(0)
  })
})

// Against a plain list: whatever the order of calls, each session ends exactly once, in the hands
// of a taker or closed in time.
it('behaves like a list that is searched from its end', async () => {
  const label = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({
      store: fc.uniqueArray(label, { minLength: 1 }),
      ttlMs: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ take: label }),
    fc.record({ waitMs: fc.integer({ min: 1, max: 5 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new VirtualClock()
      const { cache, closed, store } = setUp(1000, clock)
      let model: { name: string; labels: string[]; expiresMs: number }[] = []
      const expired: string[] = []
      for (const [index, action] of steps.entries()) {
        if ('store' in action) {
          store(`${index}`, action.store, action.ttlMs)
          const expiresMs = clock.now() + action.ttlMs
          model.push({ name: `${index}`, labels: action.store, expiresMs })
        } else if ('take' in action) {
          const found = model.findLast(({ labels }) => labels.includes(action.take))
          expect(cache.take(action.take)).toBe(found?.name)
          model = model.filter((entry) => entry !== found)
        } else {
          await clock.run(clock.now() + action.waitMs)
          const over = model.filter(({ expiresMs }) => expiresMs <= clock.now())
          expired.push(...over.map(({ name }) => name))
          model = model.filter((entry) => !over.includes(entry))
        }
        expect(cache.size).toBe(model.length)
        expect(closed.toSorted()).toEqual(expired.toSorted())
      }
    }),
    { numRuns: 60 },
  )
})
