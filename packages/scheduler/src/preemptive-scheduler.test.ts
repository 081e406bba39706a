import { describe, expect, it } from 'vitest'

import {
  arrive,
  create,
  distinct,
  type Mail,
  nextDelivery,
  runs,
  sequence,
} from '../test/sequence.ts'
import type { Delivery, PreemptiveLimits } from './index.ts'

type Sizes = [name: string, count: number, during?: number][]

describe('PreemptiveScheduler: small messages before large ones', () => {
  const singles = (count: number, during: number): Sizes =>
    Array.from({ length: count }, () => ['b', 1, during])

  it.each<[id: string, sizes: Sizes, order: string]>([
    [
      'X-6',
      [
        ['A', 14],
        ['B', 1, 3],
      ],
      'A14 B1',
    ],
    [
      'X-7',
      [
        ['A', 15],
        ['B', 1, 3],
      ],
      'A3 B1 A12',
    ],
    [
      'X-8',
      [
        ['A', 100],
        ['B', 6, 1],
      ],
      'A1 B6 A99',
    ],
    [
      'X-9',
      [
        ['A', 100],
        ['B', 7, 1],
      ],
      'A5 B7 A95',
    ],
    [
      'X-9',
      [
        ['A', 100],
        ['B', 8, 1],
      ],
      'A5 B8 A95',
    ],
    [
      'X-9',
      [
        ['A', 100],
        ['B', 10, 1],
      ],
      'A10 B10 A90',
    ],
    [
      'X-10',
      [
        ['A', 100],
        ['B', 20, 1],
      ],
      'A35 B20 A65',
    ],
    [
      'X-10',
      [
        ['A', 100],
        ['B', 21, 1],
      ],
      'A100 B21',
    ],
    [
      'X-11',
      [
        ['A', 100],
        ['B', 1, 10],
        ['C', 1, 10],
        ['D', 1, 10],
        ['E', 1, 10],
        ['F', 1, 10],
      ],
      'A10 B1 C1 A1 D1 A5 E1 A5 F1 A79',
    ],
    [
      'X-11, three',
      [
        ['A', 100],
        ['B', 1, 2],
        ['C', 1, 2],
        ['D', 1, 2],
      ],
      'A2 B1 A4 C1 A5 D1 A89',
    ],
    [
      'X-12',
      [
        ['A', 60],
        ['B', 2, 1],
        ['C', 4, 1],
      ],
      'A1 B2 A10 C4 A49',
    ],
    [
      'X-13',
      [
        ['A', 60],
        ['B', 4, 1],
        ['C', 2, 1],
      ],
      'A1 C2 A10 B4 A49',
    ],
    [
      'X-14, O-5',
      [
        ['A', 1000],
        ['B', 100, 300],
        ['C', 10, 301],
        ['D', 1, 302],
      ],
      'A300 B2 D1 B13 C10 B85 A700',
    ],
    [
      'X-15, O-5',
      [
        ['A', 1000],
        ['B', 100, 1],
        ['C', 10, 2],
        ['D', 1, 3],
      ],
      'A3 D1 A12 C10 A275 B100 A710',
    ],
    [
      'X-16',
      [
        ['A', 10_000],
        ['B', 1, 500],
      ],
      'A500 B1 A9500',
    ],
    [
      'X-17',
      [
        ['A', 10_000],
        ['B', 1000, 500],
      ],
      'A2485 B1000 A7515',
    ],
    ['X-18', [['A', 1000], ...singles(400, 1)], `A1 b1 ${'A5 b1 '.repeat(199)}A4 b200`],
  ])('%s: %j', (_, sizes, order) => {
    expect(sequence(create(), sizes)).toBe(order)
  })

  it.each<[id: string, limits: Partial<PreemptiveLimits>, sizes: Sizes, order: string]>([
    [
      'X-19',
      { slotCost: 2, slotLoan: 0, slotDiscount: 0 },
      [
        ['1', 10],
        ['2', 2],
        ['3', 2],
      ],
      '14 22 14 32 12',
    ],
    [
      'X-20',
      { slotCost: 2, slotLoan: 0 },
      [
        ['1', 10],
        ['2', 2],
        ['3', 2],
      ],
      '12 22 14 32 14',
    ],
    [
      'X-21',
      { slotCost: 2, slotLoan: 0, slotDiscount: 0, minimumSlots: 2 },
      [
        ['1', 4],
        ['2', 1],
        ['3', 1],
        ['4', 1],
        ['5', 1],
      ],
      '12 21 12 31 41 51',
    ],
    [
      'X-22',
      { slotLoan: 0, slotDiscount: 100 },
      [
        ['A', 50],
        ['B', 10],
      ],
      'A1 B10 A49',
    ],
    [
      'X-23',
      { slotLoan: 0, slotDiscount: 0 },
      [
        ['A', 50],
        ['B', 3],
      ],
      'A15 B3 A35',
    ],
    [
      'X-24',
      { slotLoan: 0, slotDiscount: 0 },
      [['A', 1000], ...singles(400, 1)],
      `${'A5 b1 '.repeat(199)}A5 b201`,
    ],
    [
      'X-25, cost 2',
      { slotCost: 2 },
      [['A', 60], ...singles(40, 1)],
      `A1 b1 ${'A2 b1 '.repeat(29)}A1 b10`,
    ],
    [
      'X-25, cost 3',
      { slotCost: 3 },
      [['A', 60], ...singles(40, 1)],
      `A1 b1 ${'A3 b1 '.repeat(19)}A2 b20`,
    ],
    ['X-25, cost 5', {}, [['A', 60], ...singles(40, 1)], `A1 b1 ${'A5 b1 '.repeat(11)}A4 b28`],
    [
      'X-25, cost 10',
      { slotCost: 10 },
      [['A', 60], ...singles(40, 1)],
      `A1 b1 ${'A10 b1 '.repeat(5)}A9 b34`,
    ],
    [
      'S-56, cost 1',
      { slotCost: 1 },
      [
        ['A', 20],
        ['B', 1],
      ],
      'A20 B1',
    ],
    [
      'S-56, cost 0',
      { slotCost: 0 },
      [
        ['A', 20],
        ['B', 1],
      ],
      'A20 B1',
    ],
  ])('%s', (_, limits, sizes, order) => {
    expect(sequence(create(limits), sizes)).toBe(order)
  })

  it.each([
    [1, 1],
    [6, 1],
    [7, 5],
    [8, 5],
    [9, 10],
    [10, 10],
    [20, 35],
    [50, 110],
    [100, 235],
    [206, 500],
    [207, 505],
    [500, 1235],
    [1000, 2485],
    [2000, 4985],
  ])('S-58, O-6: %i requests go before a large one after %i of it', (count, after) => {
    const order = sequence(create(), [
      ['A', 10_000],
      ['B', count, 0],
    ])
    expect(order).toBe(`A${after} B${count} A${10_000 - after}`)
  })

  it('O-6: who needs more than the large one can ever give waits to its end', () => {
    expect(
      sequence(create(), [
        ['A', 10_000],
        ['B', 2001],
      ]),
    ).toBe('A10000 B2001')
  })

  it('O-6: credit earned before the arrival counts', () => {
    const late = (count: number) =>
      sequence(create(), [
        ['A', 10_000],
        ['B', count, 500],
      ])
    expect(late(206)).toBe('A500 B206 A9500')
    expect(late(207)).toBe('A505 B207 A9495')
  })

  it('S-46: what was dropped because its destination died is needed no more', () => {
    const scheduler = create({ initial: 1, limit: 1 })
    const next = () => scheduler.next(0) as Delivery<Mail, string>
    arrive(scheduler, 'D', ['d'])
    const failing = next()
    arrive(scheduler, 'A', distinct('a', 100))
    expect(next().activation.message.name).toBe('A')
    arrive(scheduler, 'B', [...Array<string>(29).fill('d'), 'b'])
    scheduler.finish(failing, { kind: 'blamed', status: '4.4.1', reason: 'refused' }, 0)
    expect(next().activation.message.name).toBe('B')
  })

  it('S-46: a message is small as soon as it is known to have no more recipients', () => {
    const scheduler = create()
    const next = () => (scheduler.next(0) as Delivery<Mail, string>).activation.message.name
    arrive(scheduler, 'A', distinct('a', 100))
    expect(next()).toBe('A')
    const small = scheduler.open({ name: 'B', to: [] }, 50, 0, { isFirstAtHand: true })
    scheduler.add(small, { transport: 'smtp', destination: 'b' }, 'b', 0)
    expect(next()).toBe('A')
    scheduler.loaded(small, 0, 0)
    expect(next()).toBe('B')
  })

  it('S-54, P4: who is over leaves those who preempt it to whom it preempted', () => {
    const scheduler = create({ slotDiscount: 100, initial: 1, limit: 1 })
    const order: string[] = []
    const select = (count: number, nowMs: number) => {
      for (; count > 0; count--) {
        order.push(scheduler.next(nowMs)?.activation.message.name ?? 'none')
      }
    }
    const late = scheduler.open({ name: 'H', to: [] }, 0, 0)
    arrive(scheduler, 'G', distinct('g', 100), 1000)
    select(1, 1000)
    arrive(scheduler, 'J', distinct('j', 20), 1000)
    select(1, 1000)
    // It preempts J, and then waits for its only destination.
    arrive(scheduler, 'C', ['c', 'c', 'c', 'c'], 1000)
    select(20, 1000)
    // Now C preempts G, which therefore must not preempt the older message, though it is small.
    for (const destination of distinct('h', 1000)) {
      scheduler.add(late, { transport: 'smtp', destination }, destination, 1000)
    }
    select(10, 1000)
    expect(runs(order)).toBe('G1 J1 C1 J19 H10')
  })
})

describe('PreemptiveScheduler: destinations with room', () => {
  /** Completions one at a time, in order of start; free capacity is refilled after each. */
  function fill(
    limits: Partial<PreemptiveLimits>,
    arrivals: [name: string, to: string[], after?: number, nowMs?: number][],
  ): string[] {
    const scheduler = create(limits)
    const order: string[] = []
    const inFlight: Delivery<Mail, string>[] = []
    let nowMs = 0
    const refill = () => {
      for (let one = nextDelivery(scheduler, nowMs); one; one = nextDelivery(scheduler, nowMs)) {
        order.push(`${one.activation.message.name}${one.destination}`)
        inFlight.push(one)
      }
    }
    for (let ended = 0; ; ended++) {
      refill()
      for (const [name, to, after = 0, atMs = nowMs] of arrivals) {
        if (after !== ended) continue
        nowMs = atMs
        arrive(scheduler, name, to, nowMs)
      }
      refill()
      const first = inFlight.shift()
      if (first === undefined) return order
      scheduler.finish(first, { kind: 'answered' }, nowMs)
    }
  }
  const many = (to: string, count: number): string[] => Array.from({ length: count }, () => to)
  const fixed = (window: number) => ({ initial: window, limit: window, processLimit: 10 })
  const words = (...parts: [text: string, times: number][]): string =>
    parts
      .map(([text, times]) => `${text} `.repeat(times))
      .join('')
      .trim()

  it('S-50: a job that waits for full destinations goes on when it gets more for another', () => {
    const scheduler = create({ initial: 1, limit: 1 })
    const activation = arrive(scheduler, 'A', ['x', 'x'])
    expect(scheduler.next(0)).toMatchObject({ destination: 'x' })
    arrive(scheduler, 'B', ['z'])
    expect(scheduler.next(0)).toMatchObject({ destination: 'z' })
    scheduler.add(activation, { transport: 'smtp', destination: 'y' }, 'y', 0)
    expect(scheduler.next(0)).toMatchObject({ destination: 'y' })
  })

  it('X-27: what waits for a full destination is passed over', () => {
    const order = fill(fixed(3), [
      ['A', many('x', 40)],
      ['B', many('x', 2), 2],
      ['C', many('y', 3), 2],
    ])
    expect(order.join(' ')).toBe(words(['Ax', 5], ['Cy', 3], ['Bx', 2], ['Ax', 35]))
  })

  // Postfix was given the three one after another. D, the smallest, must have been active a second
  // later than B, or else it would have gone first at the cost of A.
  it('X-28: two destinations, all three ways to go first', () => {
    const order = fill(fixed(3), [
      ['A', [...many('x', 20), ...many('y', 20)]],
      ['B', many('x', 4), 4],
      ['C', many('y', 4), 4],
      ['D', many('z', 2), 4, 1000],
    ])
    expect(order.join(' ')).toBe(
      words(['Ax Ay', 5], ['Dz', 2], ['Bx Ay', 4], ['Ax Ay', 3], ['Ax Cy', 4], ['Ax Ay', 8]),
    )
  })

  it('X-29: in list order within a destination, though jobs end out of order', () => {
    const order = fill(fixed(2), [
      ['A', many('x', 30)],
      ['B', many('y', 30), 1],
      ['C', many('x', 3), 6],
      ['D', many('y', 3), 6],
    ])
    expect(order.slice(0, 34).join(' ')).toBe(
      `Ax Ax Ax By By Ax Ax By By Ax Cx By Dy Cx Cx Dy Dy ${words(['Ax Ax By By', 4])} Ax`,
    )
  })

  it('recorded from Postfix: windows that grow, 12 processes', () => {
    const order = fill({ processLimit: 12 }, [
      ['A', many('x', 60)],
      ['B', many('x', 5), 3],
      ['C', many('y', 5), 3],
    ])
    expect(order.join(' ')).toBe(
      words(['Ax', 11], ['Cy', 4], ['Bx', 5], ['Ax', 15], ['Cy', 1], ['Ax', 34]),
    )
  })

  it('X-30: within a message destinations take turns', () => {
    const order = fill({ processLimit: 1 }, [
      ['A', [...many('x', 6), ...many('y', 3), ...many('z', 2)]],
    ])
    expect(order.join(' ')).toBe('Ax Ay Az Ax Ay Az Ax Ay Ax Ax Ax')
  })
})

describe('PreemptiveScheduler: recipients in memory', () => {
  /** One process; reads are told with the number of selections before them. */
  function batches(
    scheduler: ReturnType<typeof create>,
    mails: [name: string, to: string[], during: number][],
    stopAfter = Number.POSITIVE_INFINITY,
  ) {
    const order: string[] = []
    const reads: string[] = []
    const admit = () => {
      for (const [name, to, during] of mails) {
        if (during === order.length) scheduler.open({ name, to: [...to] }, to.length, 0)
      }
    }
    const next = () =>
      nextDelivery(scheduler, 0, (name, count) => reads.push(`${order.length}:${name}${count}`))
    admit()
    for (let one = next(); one && order.length < stopAfter; one = next()) {
      order.push(one.activation.message.name)
      admit()
      scheduler.finish(one, { kind: 'answered' }, 0)
    }
    return { order: runs(order), reads }
  }

  it('X-32, O-17: batches, and extra slots for a large message that preempts', () => {
    const scheduler = create(
      { recipientLimit: 30, extraRecipientLimit: 10, recipientRefillLimit: 5 },
      { messageRecipientLimit: 50 },
    )
    const { order, reads } = batches(scheduler, [
      ['A', distinct('A', 200), 0],
      ['B', distinct('B', 3), 10],
      ['C', distinct('C', 25), 10],
    ])
    expect(order).toBe('A10 B3 A91 C25 A99')
    const every5 = (name: string, from: number, to: number) =>
      Array.from({ length: (to - from) / 5 + 1 }, (_, i) => `${from + 5 * i}:${name}5`)
    expect(reads).toEqual([
      '0:A50',
      '10:B3',
      '10:C10',
      ...every5('A', 18, 103),
      '104:C5',
      ...every5('C', 109, 114),
      ...every5('A', 133, 188),
    ])
  })

  it('X-33: large batches at once, small mail next, grouping perfect across batches', () => {
    const to = Array.from({ length: 12_000 }, (_, i) => `hop${i % 7}`)
    const scheduler = create({ destinationRecipientLimit: 50 })
    const { order, reads } = batches(scheduler, [
      ['A', to, 0],
      ['B', ['b'], 2],
    ])
    expect(reads).toEqual(['0:A5000', '0:A5000', '1:A2000', '2:B1'])
    expect(order).toBe('A2 B1 A243')
  })
})
