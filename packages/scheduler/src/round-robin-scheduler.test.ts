import { describe, expect, it } from 'vitest'

import { createRoundRobin, type Mail, type MailScheduler } from '../test/sequence.ts'
import type { Delivery, PreemptiveLimits, Suspension } from './index.ts'

const BLAMED = { kind: 'blamed', status: '4.4.1', reason: 'connect: refused' } as const
const SUSPENDED = {
  status: '4.4.1',
  reason: 'delivery temporarily suspended: connect: refused',
}

function scheduler(limits: Partial<PreemptiveLimits> = {}, maxDestinations = 1000) {
  return createRoundRobin({ processLimit: 0, ...limits }, { maxDestinations })
}

/** A message with one recipient. */
function add(
  to: MailScheduler,
  destination: string,
  name: string,
  nowMs = 0,
  transport = 'smtp',
): Suspension | undefined {
  const activation = to.open({ name, to: [] }, 0, nowMs)
  return to.add(activation, { transport, destination }, name, nowMs)
}

function addMany(to: MailScheduler, destination: string, name: string, count: number) {
  for (let i = 0; i < count; i++) expect(add(to, destination, name)).toBeUndefined()
}

function next(from: MailScheduler, nowMs = 0): Delivery<Mail, string> | undefined {
  const one = from.next(nowMs)
  return one?.kind === 'deliver' ? one : undefined
}

function take(from: MailScheduler, nowMs = 0): Delivery<Mail, string>[] {
  const all: Delivery<Mail, string>[] = []
  for (let one = next(from, nowMs); one !== undefined; one = next(from, nowMs)) all.push(one)
  return all
}

function names(all: readonly Delivery<Mail, string>[]): string[] {
  return all.map(({ activation }) => activation.message.name)
}

/** Delivers everything, one at a time; `arrivals` join after that many selections. */
function sequence(from: MailScheduler, arrivals: Record<number, () => void> = {}) {
  const order: string[] = []
  for (let one = next(from); one !== undefined; one = next(from)) {
    order.push(one.activation.message.name)
    arrivals[order.length]?.()
    from.finish(one, { kind: 'answered' }, 0)
  }
  return order.join('').replace(/(.)\1*/g, (run, name) => `${name}${run.length} `)
}

describe('RoundRobinScheduler: order', () => {
  it('X-35, S-64: destinations take turns', () => {
    const some = scheduler({ processLimit: 1 })
    addMany(some, 'x', 'x', 3)
    addMany(some, 'y', 'y', 3)
    expect(sequence(some)).toBe('x1 y1 x1 y1 x1 y1 ')
  })

  it('S-64, S-67: who had no mail any more comes back at the tail, as if it was new', () => {
    const some = scheduler({ processLimit: 1 })
    addMany(some, 'x', 'X', 1)
    addMany(some, 'y', 'Y', 3)
    expect(sequence(some, { 2: () => addMany(some, 'x', 'X', 1) })).toBe('X1 Y2 X1 Y1 ')
  })

  it('S-64: a new destination is behind one that waits for room', () => {
    const some = scheduler({ processLimit: 1, initial: 1, limit: 1 })
    addMany(some, 'x', 'X', 2)
    expect(sequence(some, { 1: () => addMany(some, 'y', 'Y', 1) })).toBe('X2 Y1 ')
  })

  it('X-35, S-64: first come, first served within a destination', () => {
    const some = scheduler({ processLimit: 1 })
    addMany(some, 'x', 'A', 20)
    expect(sequence(some, { 3: () => addMany(some, 'x', 'B', 1) })).toBe('A20 B1 ')
  })

  it('X-35, S-64: mail for others does not wait for a long list', () => {
    const some = scheduler({ processLimit: 1 })
    addMany(some, 'x', 'A', 20)
    const arrive = () => {
      addMany(some, 'y', 'B', 1)
      addMany(some, 'y', 'C', 2)
    }
    expect(sequence(some, { 3: arrive })).toBe('A4 B1 A1 C1 A1 C1 A14 ')
  })

  it('S-64: a destination that was full comes back to its place, not to the tail', () => {
    const some = scheduler({ initial: 1, limit: 1, processLimit: 3 })
    for (const name of ['x', 'y', 'z', 'u']) addMany(some, name, name, 3)
    const [x, y] = take(some)
    some.finish(y!, { kind: 'answered' }, 0)
    some.finish(x!, { kind: 'answered' }, 0)
    // Two processes are free: u never had a turn, then x was served longest ago.
    expect(names(take(some))).toEqual(['u', 'x'])
  })

  it('S-44: transports take turns, and a new one goes first', () => {
    const some = scheduler()
    addMany(some, 'x', 's', 3)
    for (let i = 0; i < 3; i++) add(some, 'x', 'r', 0, 'relay')
    expect(names(take(some))).toEqual(['r', 's', 'r', 's', 'r', 's'])
  })

  it('keeps each transport within its process limit', () => {
    const some = scheduler({ processLimit: 2 })
    addMany(some, 'x', 'x', 3)
    addMany(some, 'y', 'y', 3)
    const [first] = take(some)
    expect(some).toMatchObject({ busy: 2, size: 4 })
    some.finish(first!, { kind: 'answered' }, 0)
    expect(take(some)).toHaveLength(1)
  })

  it('O-12, S-43: a window below its use does not hold up another destination', () => {
    const some = scheduler({ failedCohortLimit: 10 })
    addMany(some, 'x', 'x', 20)
    const [first] = take(some)
    some.finish(first!, BLAMED, 0)
    expect(take(some)).toEqual([])
    addMany(some, 'y', 'y', 1)
    expect(take(some)).toMatchObject([{ destination: 'y' }])
  })

  it('refuses a selection that was finished before', () => {
    const some = scheduler()
    addMany(some, 'x', 'x', 1)
    const [one] = take(some)
    some.finish(one!, { kind: 'answered' }, 0)
    expect(() => some.finish(one!, { kind: 'answered' }, 0)).toThrow(/in flight/)
  })
})

describe('RoundRobinScheduler: dead destinations', () => {
  /** O-9: 16 requests; the third failure kills. */
  function killed() {
    const some = scheduler()
    addMany(some, 'x', 'A', 16)
    const started = take(some)
    expect(started).toHaveLength(5)
    expect(some.finish(started[0]!, BLAMED, 30_000)).toBeUndefined()
    expect(some.finish(started[1]!, BLAMED, 30_000)).toBeUndefined()
    const died = some.finish(started[2]!, BLAMED, 30_000)
    expect(died).toMatchObject(SUSPENDED)
    expect(died?.entries.map(({ recipients }) => recipients)).toEqual(Array(11).fill(['A']))
    return { some, late: started.slice(3) }
  }

  it('O-9, S-79: the third failure of five hands over all that waits, for 300 s', () => {
    const { some, late } = killed()
    for (const one of late) expect(some.finish(one, BLAMED, 30_000)).toBeUndefined()
    expect(some).toMatchObject({ size: 0, busy: 0 })
    expect(add(some, 'x', 'B', 31_000)).toEqual(SUSPENDED)
    expect(some.nextWakeMs()).toBe(330_000)
    expect(add(some, 'x', 'B', 329_999)).toEqual(SUSPENDED)
    expect(add(some, 'x', 'B', 330_000)).toBeUndefined()
    expect(names(take(some, 330_000))).toEqual(['B'])
    expect(some.nextWakeMs()).toBeUndefined()
  })

  it('O-11, S-81: a flush revives', () => {
    const { some } = killed()
    some.reviveAll()
    expect(add(some, 'x', 'B', 41_000)).toBeUndefined()
  })

  it('S-26: one destination can be revived alone', () => {
    const { some } = killed()
    some.revive('smtp', 'y')
    expect(add(some, 'x', 'B', 41_000)).toEqual(SUSPENDED)
    some.revive('smtp', 'x')
    expect(add(some, 'x', 'B', 41_000)).toBeUndefined()
  })

  it('S-72, S-81: a late success revives, a late answer with reason text does not', () => {
    const { some, late } = killed()
    some.finish(late[0]!, { kind: 'neutral' }, 30_000)
    expect(add(some, 'x', 'B', 31_000)).toEqual(SUSPENDED)
    some.finish(late[1]!, { kind: 'answered' }, 30_000)
    expect(some.nextWakeMs()).toBeUndefined()
    expect(add(some, 'x', 'B', 31_000)).toBeUndefined()
  })

  it('S-69: an invalid status becomes 4.0.0, an empty reason unknown error', () => {
    const some = scheduler({ initial: 1 })
    addMany(some, 'x', 'A', 1)
    const died = some.finish(next(some, 0)!, { kind: 'blamed', status: 'x', reason: '' }, 0)
    expect(died).toEqual({
      status: '4.0.0',
      reason: 'delivery temporarily suspended: unknown error',
      entries: [],
    })
  })

  it('O-27: an agent that dies blames only its destination', () => {
    const some = scheduler({ initial: 1 })
    addMany(some, 'x', 'x', 2)
    addMany(some, 'y', 'y', 1)
    const [x] = take(some)
    expect(some.finish(x!, { kind: 'lost' }, 0)).toEqual({
      status: '4.3.0',
      reason: 'delivery temporarily suspended: unknown mail transport error',
      entries: [expect.objectContaining({ recipients: ['x'] })],
    })
    expect(add(some, 'y', 'y', 0)).toBeUndefined()
    const five = scheduler()
    addMany(five, 'x', 'x', 1)
    expect(five.finish(next(five, 0)!, { kind: 'lost' }, 0)).toBeUndefined()
  })

  it('X-53, S-82: marks are dropped above the limit of destinations', () => {
    const some = scheduler({ initial: 1 }, 6)
    add(some, '4.4.1 refused', 'r', 0, 'retry')
    const dead = Array.from({ length: 10 }, (_, i) => {
      add(some, `d${i}`, 'A', 0)
      const one = take(some).find(({ transport }) => transport === 'smtp')
      some.finish(one!, BLAMED, 0)
      return add(some, `d${i}`, 'B', 0) !== undefined
    })
    // Those whose mark was dropped hold the new mail, so that they stay over the limit.
    expect(dead).toEqual([true, true, true, true, true, false, false, false, false, false])
  })

  it('S-81, S-82: destinations are forgotten when nothing is left of them', () => {
    const { some, late } = killed()
    for (const one of late) some.finish(one, BLAMED, 30_000)
    expect(some.destinations).toBe(1)
    expect(next(some, 330_000)).toBeUndefined()
    expect(some.destinations).toBe(0)
  })

  it('wakes in the order of death, whatever is revived meanwhile', () => {
    const some = scheduler({ initial: 1 })
    for (const [i, name] of ['x', 'y', 'z'].entries()) {
      add(some, name, 'A', i)
      some.finish(next(some, i)!, BLAMED, i)
    }
    expect(some.nextWakeMs()).toBe(300_000)
    some.revive('smtp', 'y')
    some.revive('smtp', 'x')
    expect(some.nextWakeMs()).toBe(300_002)
  })
})

it('S-93: a clock that is set back does not upset the order of revival', () => {
  const some = scheduler({ initial: 1 })
  for (const [name, atMs] of [
    ['x', 1000],
    ['y', 0],
  ] as const) {
    add(some, name, 'A', atMs)
    some.finish(next(some, atMs)!, BLAMED, atMs)
  }
  some.revive('smtp', 'x')
  expect(some.nextWakeMs()).toBe(301_000)
})

describe('RoundRobinScheduler: dead transports', () => {
  const DOWN = { status: '4.3.0', reason: 'mail transport unavailable' }

  it('O-13, S-80: hands over what waits for any destination, for transport_retry_time', () => {
    const some = scheduler({ processLimit: 1 })
    for (const name of ['x', 'y', 'z']) addMany(some, name, name, 1)
    const died = some.finish(next(some, 0)!, { kind: 'unreachable', ...DOWN }, 0)
    expect(died).toMatchObject({ ...DOWN, entries: [{ recipients: ['y'] }, { recipients: ['z'] }] })
    expect(add(some, 'u', 'u', 59_999)).toEqual(DOWN)
    expect(some.nextWakeMs()).toBe(60_000)
    expect(add(some, 'u', 'u', 0, 'relay')).toBeUndefined()
    expect(add(some, 'u', 'u', 60_000)).toBeUndefined()
    expect(some.destinations).toBe(2)
  })

  it('S-79: a destination that comes back has room for what is still under way only', () => {
    const some = scheduler({ initial: 5 })
    addMany(some, 'x', 'x', 5)
    for (const one of take(some).slice(0, 3)) some.finish(one, BLAMED, 0)
    expect(add(some, 'x', 'x', 300_000)).toBeUndefined()
    expect(next(some, 300_000)).toBeUndefined()
  })

  it('S-80: a transport that is dead already comes back no later for one more failure', () => {
    const some = scheduler({ initial: 2 })
    addMany(some, 'x', 'x', 2)
    for (const [i, one] of take(some).entries()) {
      some.finish(one, { kind: 'unreachable', ...DOWN }, 1000 * i)
    }
    expect(some.nextWakeMs()).toBe(60_000)
    expect(add(some, 'x', 'x', 60_000)).toBeUndefined()
    expect(some.nextWakeMs()).toBeUndefined()
  })

  it('S-81: an answer revives it, silence does not', () => {
    const some = scheduler()
    addMany(some, 'x', 'x', 3)
    const [first, second, third] = take(some)
    some.finish(first!, { kind: 'unreachable', ...DOWN }, 0)
    some.finish(second!, { kind: 'lost' }, 0)
    expect(add(some, 'y', 'y', 0)).toEqual(DOWN)
    some.finish(third!, BLAMED, 0)
    expect(add(some, 'y', 'y', 0)).toBeUndefined()
  })
})

describe('RoundRobinScheduler: connection reuse', () => {
  const NONE = { load: false, store: false }
  const BOTH = { load: true, store: true }

  it('S-89: a burst of 12 at window 5: the first 5 open sessions, the rest reuse them', () => {
    const some = scheduler({ limit: 5 })
    addMany(some, 'x', 'x', 12)
    const flags: unknown[] = []
    let started = take(some)
    while (started.length > 0) {
      flags.push(...started.map(({ reuse }) => reuse))
      for (const one of started) some.finish(one, { kind: 'answered' }, 100)
      started = take(some, 100)
    }
    expect(flags).toEqual([...Array(5).fill(NONE), ...Array(7).fill(BOTH)])
  })

  it('S-89: isolated deliveries neither load nor store, and store ends with the burst', () => {
    const some = scheduler({ initial: 1, limit: 1 })
    const reuseAt = (nowMs: number, durationMs: number) => {
      const one = next(some, nowMs)!
      some.finish(one, { kind: 'answered' }, nowMs + durationMs)
      return one.reuse
    }
    addMany(some, 'x', 'x', 5)
    expect(reuseAt(0, 500)).toEqual(NONE)
    expect(reuseAt(1501, 100)).toEqual(NONE)
    expect(reuseAt(2601, 100)).toEqual(BOTH)
    expect(reuseAt(3702, 100)).toEqual({ load: true, store: false })
  })

  it('S-89: a session is still left in the cache while other deliveries are under way', () => {
    const some = scheduler({ initial: 2, limit: 2 })
    addMany(some, 'x', 'x', 4)
    const [first, second] = take(some)
    some.finish(first!, { kind: 'answered' }, 100)
    expect(next(some, 500)?.reuse).toEqual(BOTH)
    some.finish(second!, { kind: 'answered' }, 600)
    expect(next(some, 1700)?.reuse).toEqual(BOTH)
  })

  it('S-67: a destination that has no mail for a moment has its first window again', () => {
    const some = scheduler({ initial: 1 })
    addMany(some, 'x', 'x', 1)
    some.finish(next(some)!, { kind: 'answered' }, 0)
    addMany(some, 'x', 'x', 2)
    expect(take(some)).toHaveLength(1)
  })

  it('a destination that has no mail for a moment is still known to be busy', () => {
    const some = scheduler({ initial: 1, limit: 1 })
    const deliver = (nowMs: number) => {
      add(some, 'x', 'job', nowMs, 'x')
      const one = next(some, nowMs)!
      some.finish(one, { kind: 'answered' }, nowMs)
      expect(some.destinations).toBe(0)
      return one.reuse
    }
    expect([deliver(0), deliver(500), deliver(1500)]).toEqual([NONE, BOTH, BOTH])
    expect(deliver(2501)).toEqual({ load: true, store: false })
  })

  it.each([
    [1500, { load: true, store: false }],
    [1501, NONE],
  ])(
    'what has no mail for a second is forgotten when another has none, too: at %i',
    (ms, reuse) => {
      const some = scheduler({ initial: 1, limit: 1 })
      const deliver = (to: string, nowMs: number) => {
        add(some, to, 'job', nowMs)
        const one = next(some, nowMs)!
        some.finish(one, { kind: 'answered' }, nowMs)
        return one.reuse
      }
      expect([deliver('x', 0), deliver('x', 500)]).toEqual([NONE, BOTH])
      deliver('y', ms)
      expect(deliver('x', 1501)).toEqual(reuse)
    },
  )

  it('a destination that refuses at once is dead in the end, though nothing waits for it', () => {
    const some = scheduler({ initial: 5 })
    const attempt = (nowMs: number) => {
      add(some, 'x', 'job', nowMs, 'x')
      return some.finish(next(some, nowMs)!, BLAMED, nowMs)
    }
    expect([attempt(0), attempt(900)]).toEqual([undefined, undefined])
    expect(attempt(1800)).toMatchObject(SUSPENDED)
    expect(some.destinations).toBe(1)
    some.reviveAll()
    // After more than a second, failures count from none.
    const later = [attempt(3000), attempt(4001), attempt(5002), attempt(6003)]
    expect(later).toEqual([undefined, undefined, undefined, undefined])
    expect(some.destinations).toBe(0)
  })

  it('S-79: death clears the flags', () => {
    const some = scheduler({ initial: 2 })
    addMany(some, 'x', 'x', 4)
    const [first, second] = take(some)
    some.finish(first!, { kind: 'answered' }, 0)
    const [third, fourth] = take(some)
    expect(third?.reuse).toEqual(BOTH)
    some.finish(third!, BLAMED, 0)
    expect(some.finish(second!, BLAMED, 0)).toMatchObject(SUSPENDED)
    some.reviveAll()
    addMany(some, 'x', 'x', 1)
    some.finish(fourth!, { kind: 'answered' }, 100)
    expect(next(some, 5000)!.reuse).toEqual(NONE)
  })
})
