import { describe, expect, it } from 'vitest'

import { arrive, create, createRoundRobin, type MailScheduler } from '../test/sequence.ts'
import type { DeliveryResult, PreemptiveLimits } from './index.ts'

const BLAMED = { kind: 'blamed', status: '4.4.1', reason: 'refused' } as const
const ANSWERED = { kind: 'answered' } as const

/** Both schedulers as one thing: next hops in, next hop and start out. */
function machine(scheduler: MailScheduler) {
  return {
    add: (to: string, nowMs: number) => {
      arrive(scheduler, to, [to], nowMs)
    },
    next: (nowMs: number) => {
      const one = scheduler.next(nowMs)
      if (one?.kind !== 'deliver') return undefined
      return {
        to: one.destination,
        finish: (result: DeliveryResult, atMs: number) =>
          scheduler.finish(one, result, atMs)?.entries.length ?? 0,
      }
    },
    scheduler,
  }
}

const schedulers = {
  roundRobin: (limits: Partial<PreemptiveLimits>) => machine(createRoundRobin(limits)),
  preemptive: (limits: Partial<PreemptiveLimits>) => machine(create(limits)),
}
type Machine = ReturnType<typeof machine>

/** Lets time pass in steps of 100 ms; every delivery takes half a second. */
function run(machine: Machine, untilMs: number, result: DeliveryResult = ANSWERED): string[] {
  const starts: string[] = []
  const inFlight: { endMs: number; finish: (result: DeliveryResult, atMs: number) => number }[] = []
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 100) {
    for (const one of inFlight) if (one.endMs === nowMs) one.finish(result, nowMs)
    for (let one = machine.next(nowMs); one !== undefined; one = machine.next(nowMs)) {
      starts.push(`${one.to}@${nowMs / 1000}`)
      inFlight.push({ endMs: nowMs + 500, finish: one.finish })
    }
  }
  return starts
}

describe.each(['roundRobin', 'preemptive'] as const)('rate delays, %s', (kind) => {
  it('X-51, S-77: a destination rests after each delivery, others do not wait for it', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 2000 })
    for (const to of ['x', 'x', 'x', 'y']) machine.add(to, 0)
    expect(run(machine, 10_000)).toEqual(['x@0', 'y@0', 'x@2.5', 'x@5'])
    expect(machine.scheduler.destinations).toBe(0)
  })

  it('O-20: ten to one destination start a delay after one another has ended', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 2000 })
    for (let i = 0; i < 10; i++) machine.add('x', 0)
    expect(run(machine, 30_000)).toEqual(Array.from({ length: 10 }, (_, i) => `x@${2.5 * i}`))
  })

  it('O-20: with the delay of a transport the first one waits, too', () => {
    const machine = schedulers[kind]({ transportRateDelayMs: 2000 })
    for (let i = 0; i < 10; i++) machine.add('x', 0)
    expect(run(machine, 30_000)).toEqual(Array.from({ length: 10 }, (_, i) => `x@${2 + 2.5 * i}`))
  })

  it('S-77: the rest is kept also when nothing waits, and is told as a time to wake', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 2000 })
    machine.add('x', 0)
    machine.next(0)?.finish(ANSWERED, 500)
    machine.add('x', 600)
    expect(machine.next(600)).toBeUndefined()
    expect(machine.scheduler.nextWakeMs()).toBe(2500)
    expect(machine.next(2499)).toBeUndefined()
    expect(machine.next(2500)?.to).toBe('x')
  })

  it('S-77: one failure defers what waits, and what comes later is tried after the rest', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 2000 })
    for (let i = 0; i < 3; i++) machine.add('x', 0)
    expect(machine.next(0)?.finish(BLAMED, 500)).toBe(2)
    machine.add('x', 1200)
    expect(machine.next(2400)).toBeUndefined()
    expect(machine.next(2500)?.to).toBe('x')
  })

  it('S-77: with more failed cohorts allowed, what waits is tried again', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 2000, failedCohortLimit: 2 })
    for (let i = 0; i < 3; i++) machine.add('x', 0)
    expect(machine.next(0)?.finish(BLAMED, 500)).toBe(0)
    expect(machine.next(2500)?.finish(BLAMED, 3000)).toBe(1)
  })

  it('S-77: a destination to which nothing was sent does not rest', () => {
    const machine = schedulers[kind]({ destinationRateDelayMs: 300_000 })
    machine.add('x', 0)
    machine.next(0)?.finish({ kind: 'unreachable', status: '4.3.0', reason: 'gone' }, 0)
    machine.add('x', 60_000)
    expect(machine.next(60_000)?.to).toBe('x')
  })

  it('X-52, S-78: a transport waits before each delivery, and makes one at a time', () => {
    const machine = schedulers[kind]({ transportRateDelayMs: 2000 })
    for (const to of ['a', 'b', 'c']) machine.add(to, 0)
    expect(run(machine, 10_000)).toEqual(['a@2', 'b@4.5', 'c@7'])
  })

  it.each<DeliveryResult>([{ kind: 'lost' }, BLAMED, { kind: 'neutral' }])(
    'O-26, S-78: whatever comes of a delivery, the transport is not locked for good: %j',
    (result) => {
      const machine = schedulers[kind]({ transportRateDelayMs: 1000 })
      for (const to of ['a', 'b', 'c']) machine.add(to, 0)
      expect(run(machine, 10_000, result)).toEqual(['a@1', 'b@2.5', 'c@4'])
    },
  )

  it('S-78: nothing left to send when the wait is over does not lock the transport', () => {
    const limits = { transportRateDelayMs: 1000, initial: 1 }
    const machine = schedulers[kind](limits)
    machine.add('a', 0)
    expect(machine.next(0)).toBeUndefined()
    const first = machine.next(1000)
    machine.add('a', 1000)
    expect(first?.finish({ kind: 'unreachable', status: '4.3.0', reason: 'gone' }, 1500)).toBe(1)
    machine.scheduler.reviveAll()
    machine.add('b', 2000)
    expect(machine.next(2000)).toBeUndefined()
    expect(machine.next(3000)?.to).toBe('b')
  })
})
