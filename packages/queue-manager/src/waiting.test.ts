import { describe, expect, it } from 'vitest'

import { SETTINGS, World } from '../test/harness.ts'
import type { DeliveryRequest } from './index.ts'

const resolveSlowly = (here: World) => (_: string, recipient: string) => {
  const nexthop = recipient.slice(recipient.lastIndexOf('@') + 1)
  const route = { kind: 'route', transport: 'smtp', nexthop, recipient } as const
  if (nexthop !== 'slow') return route
  return here.wait(60_000).then(() => route)
}

function world(): World {
  const here: World = new World((request) => here.outcomes(request))
  here.ports = { resolve: resolveSlowly(here) }
  return here
}

const done = (here: World) =>
  here.requests.flatMap(({ recipients }) => recipients.map(({ address }) => address))

describe('QueueManager: a resolver that is slow', () => {
  it('holds up the messages that need it, not those found after them in a scan', async () => {
    const here = world()
    here.store.add({ id: 'QID1', recipients: ['a@slow'] })
    here.store.add({ id: 'QID2', recipients: ['b@fast'] })
    await here.manager().start()
    await here.run(1)
    expect(done(here)).toEqual(['b@fast'])
    await here.run(60)
    expect(done(here)).toEqual(['b@fast', 'a@slow'])
  })

  it('is asked for all recipients of a message at once', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@slow', 'b@slow', 'c@fast'] }))
    await here.run(61)
    expect(done(here).toSorted()).toEqual(['a@slow', 'b@slow', 'c@fast'])
  })

  it('S-59: recipients that wait for it are in memory, and leave no room for those of others', async () => {
    const here = world()
    const limits = {
      messageActiveLimit: 20,
      messageRecipientLimit: 50,
      messageRecipientMinimum: 10,
    }
    here.options = { ...here.options, ...limits }
    const many = Array.from({ length: 50 }, (_, at) => `r${at}@slow`)
    for (const id of ['QID1', 'QID2']) here.store.add({ id, recipients: many })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(manager.recipients).toBe(60)
  })

  it('is not waited for at the end, and the next queue manager asks again', async () => {
    const here = world()
    const first = here.manager()
    await first.start()
    first.accept(here.store.add({ id: 'QID1', recipients: ['a@slow'] }))
    await here.run(1)
    await first.drain()
    const second = here.manager()
    await second.start()
    await here.run(59.5)
    expect(done(here)).toEqual([])
    await here.run(1)
    expect(done(here)).toEqual(['a@slow'])
    expect(here.store.places()).toEqual({})
  })
})

describe('QueueManager: another one takes over', () => {
  const slowly = (here: World) => (request: DeliveryRequest) => {
    const report = here.outcomes(request)
    return request.nexthop === 'slow' ? here.wait(60_000).then(() => report) : report
  }

  it('gets what waits at once, and what is being delivered when that has ended', async () => {
    const here = new World((request) => slowly(here)(request))
    here.options = { ...here.options, transport: () => ({ ...SETTINGS, initial: 1, limit: 1 }) }
    const first = here.manager()
    await first.start()
    first.accept(here.store.add({ id: 'QID1', recipients: ['a@slow', 'b@slow'] }))
    first.accept(here.store.add({ id: 'QID2', recipients: ['c@slow'] }))
    await here.run(1)
    here.options = { ...here.options, transport: () => SETTINGS }
    const second = here.manager()
    const handedOver = first.handOverTo(second)
    await here.run(1)
    // What the first one is told now, the second one hears.
    first.accept(here.store.add({ id: 'QID3', recipients: ['d@fast'] }, 'active'), 'active')
    await here.run(1)
    expect(done(here)).toEqual(['a@slow', 'b@slow', 'c@slow', 'd@fast'])
    await here.run(60)
    await handedOver
    expect(here.store.places()).toEqual({})
    expect(done(here)).toHaveLength(4)
  })

  it('does not take a message twice that its start found before it was told of it', async () => {
    const here = new World((request) => here.outcomes(request))
    const first = here.manager()
    await first.start()
    const second = here.manager()
    const envelope = here.store.add({ id: 'QID1', recipients: ['a@x'] }, 'active')
    await first.handOverTo(second)
    second.accept(envelope, 'active')
    await here.run(1)
    first.accept(envelope, 'active')
    await here.run(1)
    expect(done(here)).toEqual(['a@x'])
    expect(here.store.places()).toEqual({})
  })

  it('does not get a message whose delivery begins while it is still being taken in', async () => {
    const here = new World((request) => here.wait(60_000).then(() => here.outcomes(request)))
    here.store.add({ id: 'QID1', recipients: ['a@x'] }) // For the scan of the first one.
    const first = here.manager()
    const later = here.deliver
    here.deliver = (request) => {
      here.deliver = later
      void first.handOverTo(here.manager())
      return later(request)
    }
    await first.start()
    await here.run(1)
    expect(here.store.places()).toEqual({ QID1: 'active' })
    await here.run(120)
    expect(done(here)).toEqual(['a@x'])
    expect(here.requests).toHaveLength(1)
    expect(here.store.places()).toEqual({})
  })

  it('leaves a message alone of which others die with their destination', async () => {
    const here = new World((request) =>
      here.wait(60_000).then(() => ({
        ...here.outcomes(request, 'deferred'),
        blame: { status: '4.4.1', reason: 'down' },
      })),
    )
    here.options = { ...here.options, transport: () => ({ ...SETTINGS, initial: 1, limit: 1 }) }
    const first = here.manager()
    await first.start()
    for (const id of ['QID1', 'QID2']) first.accept(here.store.add({ id, recipients: ['a@x'] }))
    await here.run(1)
    here.deliver = (request) => here.wait(120_000).then(() => here.outcomes(request))
    void first.handOverTo(here.manager())
    await here.run(61)
    // The first one's failure killed the destination, and the second one is busy with QID2.
    expect(here.lines.filter((line) => /QID2: .*status=/.test(line))).toEqual([])
    expect(here.store.places()).toMatchObject({ QID2: 'active' })
    await here.run(180)
    expect(here.store.places()).toEqual({ QID1: 'deferred' })
  })
})

describe('QueueManager: one message of many', () => {
  it('waits for the others up to 5 ms', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x'] }, 'active'), 'active', true)
    await here.run(0.004)
    manager.accept(here.store.add({ id: 'QID2', recipients: ['b@x'] }, 'active'), 'active', true)
    manager.accept(here.store.add({ id: 'QID3', recipients: ['c@x'] }, 'active'), 'active')
    await here.run(0)
    expect(done(here)).toEqual(['c@x'])
    await here.run(0.001)
    expect(done(here)).toEqual(['c@x', 'a@x', 'b@x'])
    await here.run(1)
    expect(here.store.places()).toEqual({})
  })

  it('is left to the next queue manager when this one stops', async () => {
    const here = world()
    const first = here.manager()
    await first.start()
    first.accept(here.store.add({ id: 'QID1', recipients: ['a@x'] }, 'active'), 'active', true)
    await first.drain()
    const second = here.manager()
    await second.start()
    await here.run(1)
    expect(done(here)).toEqual(['a@x'])
    expect(here.store.places()).toEqual({})
  })
})
