import { describe, expect, it } from 'vitest'

import {
  arrive,
  create,
  createRoundRobin,
  type Mail,
  type MailScheduler,
  nextDelivery,
  runs,
} from '../test/sequence.ts'
import type { Activation, Delivery } from './index.ts'

const TO_X = { transport: 'smtp', destination: 'x' }

/** One process, two recipients per delivery; `arrivals` join after so many deliveries began. */
function sequence(
  scheduler: MailScheduler,
  mail: Mail,
  arrivals: Record<number, () => void> = {},
): string {
  const order: string[] = []
  scheduler.open(mail, mail.to.length, 0)
  for (let one = nextDelivery(scheduler, 0); one; one = nextDelivery(scheduler, 0)) {
    order.push(one.activation.message.name)
    arrivals[order.length]?.()
    scheduler.finish(one, { kind: 'answered' }, 0)
  }
  return runs(order)
}

function mail(name: string, count: number, destination: string): Mail {
  return { name, to: new Array(count).fill(destination) }
}

describe('RoundRobinScheduler: recipients in batches', () => {
  const limits = { processLimit: 1, destinationRecipientLimit: 2 }

  it.each([
    [100, 'A150 B2 A350'],
    [50, 'A75 B2 A425'],
  ])(
    'X-36, S-65: fudge factor %i: mail that comes later waits for a batch',
    (fudgeFactor, order) => {
      const scheduler = createRoundRobin(limits, { messageRecipientLimit: 300, fudgeFactor })
      const arrive = () => void scheduler.open(mail('B', 4, 'x'), 4, 0)
      expect(sequence(scheduler, mail('A', 1000, 'x'), { 5: arrive })).toBe(order)
    },
  )

  it('X-36: mail for another destination takes turns', () => {
    const scheduler = createRoundRobin(limits, { messageRecipientLimit: 300 })
    const arrive = () => void scheduler.open(mail('B', 4, 'y'), 4, 0)
    expect(sequence(scheduler, mail('A', 1000, 'x'), { 5: arrive })).toBe('A6 B1 A1 B1 A493')
  })

  it('S-65: reads on when there is room for 100, and when nothing of the message is left', () => {
    const scheduler = createRoundRobin(limits, { messageRecipientLimit: 200 })
    const reads: [string, number, number][] = []
    scheduler.open(mail('A', 500, 'x'), 500, 0)
    const next = () =>
      nextDelivery(scheduler, 0, (name, count) => {
        reads.push([name, count, scheduler.recipients])
      })
    for (let one = next(); one; one = next()) scheduler.finish(one, { kind: 'answered' }, 0)
    expect(reads).toEqual([
      ['A', 200, 0],
      ['A', 200, 98],
      ['A', 100, 98],
    ])
    const small = createRoundRobin(limits, { messageRecipientLimit: 50 })
    expect(sequence(small, mail('A', 120, 'x'))).toBe('A60')
  })

  it('S-12: too many recipients in memory keep further messages out', () => {
    const scheduler = createRoundRobin(limits, { messageRecipientLimit: 300 })
    arrive(scheduler, 'A', mail('A', 299, 'x').to)
    expect([scheduler.isFull(0), scheduler.isFull(1)]).toEqual([false, true])
    expect(create().isFull(1_000_000)).toBe(false)
  })

  it('S-66: only the recipient before it is joined, and no delivery of an earlier batch', () => {
    const scheduler = createRoundRobin({ processLimit: 1, destinationRecipientLimit: 3 })
    const activation = scheduler.open({ name: 'A', to: [] }, 9, 0)
    scheduler.next(0)
    const add = (destination: string, recipient: string) =>
      scheduler.add(activation, { transport: 'smtp', destination }, recipient, 0)
    for (const recipient of ['1', '2', '3', '4']) add('x', recipient)
    add('y', '5')
    add('x', '6')
    scheduler.loaded(activation, 2, 0)
    add('x', '7')
    add('x', '8')
    scheduler.loaded(activation, 0, 0)
    expect(recipientsOf(scheduler)).toEqual(['123', '5', '4', '6', '78'])
  })

  it('S-64: a delivery that began is joined by nobody', () => {
    const scheduler = createRoundRobin({ destinationRecipientLimit: 50 })
    const activation = arriveSplit(scheduler, false, ['1'])
    const first = nextDelivery(scheduler, 0)
    scheduler.add(activation, TO_X, '2', 0)
    expect(first?.recipients).toEqual(['1'])
    expect(nextDelivery(scheduler, 0)?.recipients).toEqual(['2'])
  })

  it('S-28: nobody joins another message, though its place was theirs', () => {
    const scheduler = createRoundRobin({ destinationRecipientLimit: 50 })
    const first = arriveSplit(scheduler, false, ['1'])
    nextDelivery(scheduler, 0)
    arriveSplit(scheduler, false, ['2'])
    scheduler.add(first, TO_X, '3', 0)
    expect(recipientsOf(scheduler)).toEqual(['2', '3'])
  })

  it('S-28: a limit of 0 recipients of a delivery is none', () => {
    const scheduler = createRoundRobin({ destinationRecipientLimit: 0 })
    arriveSplit(scheduler, false, ['1', '2', '3'])
    expect(recipientsOf(scheduler)).toEqual(['123'])
  })

  it('S-65: of each message there is room for one recipient, whatever the limits', () => {
    const scheduler = createRoundRobin({}, { messageRecipientLimit: 5, fudgeFactor: 10 })
    expect(scheduler.firstBatch(0)).toBe(1)
  })

  it('S-65: what is read already is not asked for again', () => {
    const scheduler = createRoundRobin()
    const activation = scheduler.open({ name: 'A', to: [] }, 9, 0)
    expect(scheduler.next(0)?.kind).toBe('read')
    scheduler.add(activation, TO_X, '1', 0)
    scheduler.finish(nextDelivery(scheduler, 0)!, { kind: 'answered' }, 0)
    expect(scheduler.next(0)).toBeUndefined()
  })
})

describe.each([
  ['PreemptiveScheduler', create],
  ['RoundRobinScheduler', createRoundRobin],
])('%s: how a message is taken in', (_, createOne) => {
  it('S-29: recipients of a split message go alone', () => {
    const scheduler = createOne({ destinationRecipientLimit: 50, processLimit: 1 })
    arriveSplit(scheduler, true, ['1', '2', '3'])
    expect(recipientsOf(scheduler)).toEqual(['1', '2', '3'])
    arriveSplit(scheduler, false, ['1', '2', '3'])
    expect(recipientsOf(scheduler)).toEqual(['123'])
  })

  it('S-59: the first recipients may be at hand; decisions to read ask for the others', () => {
    const scheduler = createOne({ destinationRecipientLimit: 1, recipientLimit: 0 })
    const activation = scheduler.open({ name: 'A', to: [] }, 3, 0, { isFirstAtHand: true })
    expect(scheduler.next(0)).toBeUndefined()
    scheduler.add(activation, TO_X, '1', 0)
    scheduler.loaded(activation, 2, 0)
    const first = scheduler.next(0) as Delivery<Mail, string>
    expect(first).toMatchObject({ kind: 'deliver', recipients: ['1'] })
    scheduler.finish(first, { kind: 'answered' }, 0)
    expect(activation.done).toBe(false)
    expect(scheduler.next(0)).toMatchObject({ kind: 'read', activation })
    scheduler.loaded(activation, 0, 0)
    expect(activation.done).toBe(true)
  })

  it('S-61: a batch of which nothing was taken is followed by the next', () => {
    const scheduler = createOne()
    const activation = scheduler.open({ name: 'A', to: [] }, 3, 0, { isFirstAtHand: true })
    scheduler.loaded(activation, 2, 0)
    expect(scheduler.next(0)).toMatchObject({ kind: 'read' })
    scheduler.loaded(activation, 1, 0)
    expect(scheduler.next(0)).toMatchObject({ kind: 'read' })
  })
})

it('S-61: for little room more is read only when the last read is long ago', () => {
  const few = { messageRecipientLimit: 10, messageRecipientMinimum: 10 }
  const scheduler = create({ recipientLimit: 0, recipientRefillDelayMs: 5000 }, few)
  const reads: number[] = []
  const deliver = (nowMs: number) => {
    const one = nextDelivery(scheduler, nowMs, (_, count) => reads.push(count))
    scheduler.finish(one!, { kind: 'answered' }, nowMs)
  }
  scheduler.open(mail('A', 30, 'x'), 30, 100_000)
  for (const nowMs of [100_000, 100_000, 104_999]) deliver(nowMs)
  expect(reads).toEqual([10])
  deliver(105_000)
  expect(reads).toEqual([10, 3])
})

it('S-59: the first batch of a message, by what is in memory', () => {
  const one = create({}, { messageRecipientLimit: 6000, messageRecipientMinimum: 10 })
  expect([one.firstBatch(0), one.firstBatch(1500), one.firstBatch(5999)]).toEqual([5000, 4500, 10])
  arrive(one, 'A', mail('A', 2000, 'x').to)
  expect(one.firstBatch(500)).toBe(3500)
})

function arriveSplit(scheduler: MailScheduler, isSplit: boolean, to: string[]) {
  const activation: Activation<Mail, string> = scheduler.open({ name: 'A', to: [] }, 0, 0, {
    isSplit,
  })
  for (const recipient of to) scheduler.add(activation, TO_X, recipient, 0)
  return activation
}

function recipientsOf(scheduler: MailScheduler): string[] {
  const all: string[] = []
  for (let one = nextDelivery(scheduler, 0); one; one = nextDelivery(scheduler, 0)) {
    all.push(one.recipients.join(''))
    scheduler.finish(one, { kind: 'answered' }, 0)
  }
  return all
}
