import { describe, expect, it } from 'vitest'

import { arrive, create, distinct, type MailScheduler, nextDelivery } from '../test/sequence.ts'
import { prng, World } from '../test/world.ts'

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

const seeds = Array.from({ length: 300 }, (_, i) => [i + 1] as const)

it.each(seeds)('I-1, O-3: a large message is delayed by its bound at most, seed %i', (seed) => {
  const random = prng(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const slotCost = pick([2, 3, 5, 10])
  const limits = {
    slotCost,
    slotLoan: pick([0, 3, 5]),
    slotDiscount: pick([0, 50, 100]),
    processLimit: 1,
  }
  const messages = Array.from({ length: 40 }, (_, i) => {
    const size = pick([1, 2, 3, 5, 10, 20, 50, 100, 200, 400])
    return { name: `${i}-`, atMs: Math.floor(random() * 1_000_000), size }
  })
  for (const { message, first, last } of deliver(create(limits), messages)) {
    const selections = last - first + 1
    expect(selections).toBeLessThanOrEqual((message.size * slotCost) / (slotCost - 1))
  }
})
