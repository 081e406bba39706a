import { describe, expect, it } from 'vitest'

import { arrive, create, distinct, type MailScheduler, nextDelivery } from '../test/sequence.ts'
import { prng, World } from '../test/world.ts'
import type { PreemptiveLimits } from './index.ts'

interface Message {
  readonly name: string
  readonly atMs: number
  readonly size: number
}

interface Course {
  readonly message: Message
  doneMs: number
  /** Numbers of the first and the last selection. */
  first: number
  last: number
}

/** All with next hops of their own; each delivery takes a second. */
function deliver(scheduler: MailScheduler, messages: readonly Message[]): Course[] {
  const world = new World()
  const courses = new Map<string, Course>()
  let selections = 0
  const handOut = () => {
    for (;;) {
      const one = nextDelivery(scheduler, world.nowMs)
      if (one === undefined) return
      const course = courses.get(one.activation.message.name)!
      course.last = ++selections
      course.first ||= selections
      world.at(world.nowMs + 1000, () => {
        scheduler.finish(one, { kind: 'answered' }, world.nowMs)
        course.doneMs = world.nowMs
        handOut()
      })
    }
  }
  for (const message of messages) {
    const { name, atMs, size } = message
    courses.set(name, { message, doneMs: 0, first: 0, last: 0 })
    world.at(atMs, () => {
      arrive(scheduler, name, distinct(name, size), atMs)
      handOut()
    })
  }
  world.run()
  return [...courses.values()]
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const delays = (courses: readonly Course[]): number[] =>
  courses.map(({ message, doneMs }) => (doneMs - message.atMs) / 1000)

describe('mean delay of a message, preemptive beside first come, first served', () => {
  const list = { name: 'A', atMs: 0, size: 10_000 }
  const trickle = Array.from({ length: 100 }, (_, i) => {
    return { name: `B${i + 1}-`, atMs: 14_000 + 4000 * i, size: 1 }
  })

  it.each([
    [5, 505, 1, 1, 5.99],
    [0, 500, 291, 487, 293.069],
  ])('O-1: a big list and a trickle, slot cost %i', (slotCost, list_, small, most, all) => {
    const courses = deliver(create({ slotCost, processLimit: 20 }), [list, ...trickle])
    const [large, ...others] = delays(courses)
    expect(large).toBe(list_)
    expect(mean(others)).toBe(small)
    expect(Math.max(...others)).toBe(most)
    expect(mean(delays(courses))).toBeCloseTo(all, 2)
  })

  const mixed = Array.from({ length: 200 }, (_, i) => {
    return { name: `M${i}-`, atMs: 1000 * i, size: i % 20 === 0 ? 200 : 1 }
  })

  it.each([
    [5, [22, 25, 27, 29, 31, 33, 35, 37, 39, 39], 1, 1, 2.535],
    [0, [20, 22, 24, 26, 28, 30, 32, 34, 36, 38], 20, 37, 20.45],
  ])('O-2: a mixed load, slot cost %i', (slotCost, large, small, most, all) => {
    const courses = deliver(create({ slotCost, processLimit: 10 }), mixed)
    const isLarge = ({ message }: Course) => message.size > 1
    expect(delays(courses.filter(isLarge))).toEqual(large)
    const others = delays(courses.filter((course) => !isLarge(course)))
    expect(mean(others)).toBe(small)
    expect(Math.max(...others)).toBe(most)
    expect(mean(delays(courses))).toBeCloseTo(all, 3)
    expect(Math.max(...courses.map(({ doneMs }) => doneMs))).toBe(219_000)
  })
})

describe('X-31, O-4: medium-size messages are not starved', () => {
  it.each([
    [10, 84, 8],
    [8, 126, 15],
    [6, 636, 100],
  ])('a small one every %i s: the medium one begins with selection %i', (seconds, first, count) => {
    const small = Array.from({ length: 100 }, (_, i) => {
      return { name: `b${i}-`, atMs: 1000 * seconds * i + 600, size: 1 }
    })
    const large = { name: 'A', atMs: 0, size: seconds === 6 ? 1000 : 300 }
    const courses = deliver(create({ processLimit: 1 }), [
      large,
      { name: 'm', atMs: 500, size: 20 },
      ...small,
    ])
    const medium = courses.find(({ message }) => message.name === 'm')!
    expect(medium.first).toBe(first)
    const before = courses.filter((one) => one.message.size === 1 && one.last < medium.first)
    expect(before).toHaveLength(count)
  })
})

const RUNS = 2000
const CHUNK = 100
const only = process.env['SIM_SEED']
const chunks = only
  ? [[Number(only)]]
  : Array.from({ length: RUNS / CHUNK }, (_, chunk) =>
      Array.from({ length: CHUNK }, (_, i) => chunk * CHUNK + i + 1),
    )

/** Messages of all sizes; returns their mean delays in seconds, preemptive and in order of age. */
function runOne(seed: number): [preemptive: number, inOrder: number] {
  const random = prng(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const slotCost = pick([2, 3, 5, 10])
  const limits = {
    slotCost,
    slotLoan: pick([0, 3, 5]),
    slotDiscount: pick([0, 50, 100]),
    processLimit: 1,
  }
  const messages = Array.from({ length: 15 }, (_, i) => {
    const size = pick([1, 2, 3, 5, 10, 20, 50, 100, 200, 400])
    return { name: `${i}-`, atMs: Math.floor(random() * 400_000), size }
  })
  const courses = deliver(create(limits), messages)
  for (const { message, first, last } of courses) {
    const selections = last - first + 1
    expect(selections, 'I-1').toBeLessThanOrEqual((message.size * slotCost) / (slotCost - 1))
  }
  const inOrder = deliver(create({ ...limits, slotCost: 0 }), messages)
  const means: [number, number] = [mean(delays(courses)), mean(delays(inOrder))]
  // Now and then one large message loses more than the small ones, which are few, gain.
  expect(means[0]).toBeLessThan(1.1 * means[1])
  return means
}

// Of one run alone: SIM_SEED=n.
it.each(chunks)(
  'I-1, O-3, S-99: the large lose little, all gain in the mean: from %i',
  (...seeds) => {
    const means = seeds.map((seed) => {
      try {
        return runOne(seed)
      } catch (error) {
        throw new Error(`SIM_SEED=${seed}`, { cause: error })
      }
    })
    const of = (kind: 0 | 1) => mean(means.map((pair) => pair[kind]))
    expect(of(0)).toBeLessThan(of(1))
  },
)

describe('X-26: 10,000 deliveries are under way when a message with one comes, at 25.5 s', () => {
  /** Starts of deliveries, all of which take a second: the message, and when. */
  function starts(limits: Partial<PreemptiveLimits>, large: readonly string[], small: string) {
    const world = new World()
    const scheduler = create(limits)
    const begun: [name: string, seconds: number][] = []
    const handOut = () => {
      for (let one = nextDelivery(scheduler, world.nowMs); one; ) {
        const delivery = one
        begun.push([one.activation.message.name, world.nowMs / 1000])
        world.at(world.nowMs + 1000, () => {
          scheduler.finish(delivery, { kind: 'answered' }, world.nowMs)
          handOut()
        })
        one = nextDelivery(scheduler, world.nowMs)
      }
    }
    world.at(0, () => {
      arrive(scheduler, 'A', large)
      handOut()
    })
    world.at(25_500, () => {
      arrive(scheduler, 'B', [small], world.nowMs)
      handOut()
    })
    world.run()
    const at = begun.findIndex(([name]) => name === 'B')
    return { before: at, atSec: begun[at]?.[1], total: begun.length }
  }
  const toOne = new Array<string>(20_000).fill('x')

  it.each([
    ['a: for another destination it starts at once', 'y', 25.5],
    ['b: for the same one it has the next free place', 'x', 26],
  ])('%s', (_, small, atSec) => {
    const result = starts({ destinationRecipientLimit: 2 }, toOne, small)
    expect(result).toEqual({ before: 495, atSec, total: 10_001 })
  })

  it('c: all have destinations of their own, 20 processes: it is the next to start', () => {
    const result = starts({ processLimit: 20 }, distinct('A', 10_000), 'B')
    expect(result).toEqual({ before: 520, atSec: 26, total: 10_001 })
  })
})
