import { describe, expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'

/** An agent that takes a second. */
function slow(options: Partial<World['options']> = {}): World {
  const here: World = new World(async (request) => {
    await here.wait(1000)
    return here.outcomes(request)
  }, options)
  return here
}

const bytes = (text: string) => Buffer.from(text)
const ONE_PROCESS = { transport: () => ({ ...SETTINGS, processLimit: 1 }) }

function fill(
  here: World,
  queue: 'incoming' | 'deferred' | 'active',
  count: number,
  ms = START_MS,
) {
  for (let i = 0; i < count; i++) here.store.add({ recipients: [`r${i}@d${i}`] }, queue, ms)
}

/** The queues that messages were taken from, as `I` and `D`. */
function admitted(here: World): string {
  const moves = here.store.calls.filter((call) => call.endsWith(' active'))
  const taken = moves.flatMap((call) => / (incoming|deferred) active$/.exec(call)?.[1] ?? [])
  return taken.map((queue) => (queue === 'incoming' ? 'I' : 'D')).join('')
}

describe('QueueManager: start and stop', () => {
  it('S-3: what was active goes to incoming with the time of now, and is delivered', async () => {
    const here = slow()
    fill(here, 'active', 3, START_MS - 9000)
    const manager = here.manager()
    await manager.start()
    const files = Array.from(here.store.files.values())
    expect(files.map(({ queue, modifiedMs }) => [queue, modifiedMs])).toEqual(
      Array(3).fill(['incoming', START_MS]),
    )
    await here.run(2)
    expect(here.store.places()).toEqual({})
  })

  it('leaves mail that comes before the start to the first scan', async () => {
    const here = slow()
    const manager = here.manager()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }))
    manager.trigger(bytes('I'))
    await here.run(1)
    expect(here.store.places()).toEqual({ Q: 'incoming' })
    await manager.start()
    await here.run(2)
    expect(here.store.places()).toEqual({})
  })

  it('takes mail that was committed to active without a rename', async () => {
    const here = slow()
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    here.store.calls.length = 0
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }, 'active'), 'active')
    await here.run(2)
    expect(here.store.places()).toEqual({})
    expect(here.store.calls).toEqual(['remove Q active'])
  })

  it('S-12: mail in active for which there is no room goes to incoming, and its turn comes', async () => {
    const here = slow({ messageActiveLimit: 1 })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    const add = (id: string) => here.store.add({ id, recipients: ['a@x'] }, 'active')
    for (const id of ['FIRST', 'SECOND']) manager.accept(add(id), 'active')
    await here.run(0.5)
    expect(here.store.places()).toEqual({ FIRST: 'active', SECOND: 'incoming' })
    await here.run(3)
    expect(here.store.places()).toEqual({})
  })

  it('mail in active that comes before the start, or while it drains, is not lost', async () => {
    const here = slow()
    const manager = here.manager()
    manager.accept(here.store.add({ id: 'EARLY', recipients: ['a@x'] }, 'active'), 'active')
    await here.run(1)
    expect(here.store.places()).toEqual({ EARLY: 'incoming' })
    await manager.start()
    await here.run(2)
    const draining = manager.drain()
    manager.accept(here.store.add({ id: 'LATE', recipients: ['b@x'] }, 'active'), 'active')
    await draining
    expect(here.store.places()).toEqual({ LATE: 'active' })
    await here.manager().start()
    await here.run(2)
    expect(here.store.places()).toEqual({})
  })

  it('drain: what is in flight ends and is recorded, the rest stays in active', async () => {
    const here = slow({ transport: () => ({ ...SETTINGS, initial: 1 }) })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    manager.accept(here.store.add({ id: 'BOTH', recipients: ['a@x', 'b@y'] }))
    manager.accept(here.store.add({ id: 'WAITS', recipients: ['c@x', 'd@z'] }))
    await here.run(0.5)
    let drained = false
    const draining = manager.drain().then(() => {
      drained = true
    })
    manager.accept(here.store.add({ id: 'LATE', recipients: ['e@u'] }))
    manager.trigger(bytes('FADI'))
    await here.run(0.4)
    expect(drained).toBe(false)
    await here.run(1)
    await draining
    expect(here.store.places()).toEqual({ WAITS: 'active', LATE: 'incoming' })
    expect(here.store.files.get('WAITS')?.envelope.recipients).toMatchObject([{ address: 'c@x' }])
    await here.run(1000)
    expect(here.requests).toHaveLength(3)

    const next = here.manager()
    await next.start()
    await here.run(5)
    expect(here.store.places()).toEqual({})
    expect(here.requests.map(({ nexthop }) => nexthop)).toEqual(['x', 'y', 'z', 'u', 'x'])
  })

  it('drain: nothing touches the queue afterwards', async () => {
    const here: World = new World((request) => here.outcomes(request, 'deferred'))
    const manager = here.manager()
    await manager.start()
    here.store.failing.add('move Q active')
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }))
    await here.run(1)
    await manager.drain()
    here.store.failing.clear()
    here.store.calls.length = 0
    await here.run(1000)
    expect(here.store.calls).toEqual([])
  })

  it('S-3: tries again to take back a file that could not be moved', async () => {
    const here = slow()
    fill(here, 'active', 1)
    here.store.failing.add('move')
    await here.manager().start()
    here.store.failing.clear()
    await here.run(400)
    expect(here.store.places()).toEqual({})
  })

  it('drain: a manager without work is done at once', async () => {
    const manager = slow().manager()
    await manager.start()
    await manager.drain()
    expect(manager.messages).toBe(0)
  })
})

describe('QueueManager: admission', () => {
  it('O-14, S-13: with room, incoming and deferred take turns', async () => {
    const here = slow()
    fill(here, 'incoming', 20)
    fill(here, 'deferred', 20)
    await here.manager().start()
    await here.run(0.1)
    expect(admitted(here)).toBe('ID'.repeat(20))
  })

  it('O-14, S-13: without room, new mail goes first', async () => {
    const here = slow({ messageActiveLimit: 5, ...ONE_PROCESS })
    fill(here, 'incoming', 20)
    fill(here, 'deferred', 20)
    await here.manager().start()
    await here.run(41)
    expect(admitted(here)).toBe(`IDIDI${'I'.repeat(17)}${'D'.repeat(18)}`)
    expect(here.store.places()).toEqual({})
  })

  it('O-16, S-9, S-12: holds no more than its limit, and reads no further than that', async () => {
    const here = slow({ messageActiveLimit: 10, ...ONE_PROCESS })
    fill(here, 'deferred', 1000)
    const manager = here.manager()
    await manager.start()
    await here.run(5.5)
    expect(manager).toMatchObject({ messages: 10, recipients: 10 })
    expect(here.store.scanned).toBeLessThanOrEqual(16)
  })

  it('S-12: oqmgr stops at the limit on recipients too', async () => {
    const limits = { messageActiveLimit: 2, messageRecipientLimit: 4 }
    const here = slow({ scheduling: 'oqmgr', ...limits, ...ONE_PROCESS })
    here.store.add({ id: 'LARGE', recipients: ['a@a', 'b@b', 'c@c', 'd@d', 'e@e'] })
    here.store.add({ id: 'SMALL', recipients: ['z@z'] })
    const manager = here.manager()
    await manager.start()
    await here.run(0.5)
    expect(manager).toMatchObject({ messages: 1, recipients: 4 })
    await here.run(1)
    expect(manager).toMatchObject({ messages: 2, recipients: 4 })
  })

  it('S-12, S-59: qmgr takes in as many messages as it may, with few recipients each', async () => {
    const limits = { messageActiveLimit: 3, messageRecipientLimit: 4, messageRecipientMinimum: 2 }
    const transport = () => ({ ...SETTINGS, processLimit: 1, recipientLimit: 0 })
    const here = slow({ ...limits, transport })
    for (const id of ['A', 'B', 'C', 'D']) {
      here.store.add({ id, recipients: ['a@a', 'b@b', 'c@c', 'd@d', 'e@e'] })
    }
    const manager = here.manager()
    await manager.start()
    await here.run(0.5)
    expect([manager.messages, manager.recipients]).toEqual([3, 4 + 2 + 2])
  })

  it('accept: mail that finds no room waits in incoming, and is found by a scan', async () => {
    const here = slow({ messageActiveLimit: 2, ...ONE_PROCESS })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    for (let i = 0; i < 10; i++) {
      manager.accept(here.store.add({ id: `M${i}`, recipients: [`r@d${i}`] }))
    }
    await here.run(4.5)
    manager.accept(here.store.add({ id: 'M10', recipients: ['r@d10'] }))
    await here.run(20)
    const order = here.requests.map(({ queueId }) => queueId)
    expect(order.slice(0, 4)).toEqual(['M0', 'M1', 'M2', 'M3'])
    expect(order.at(-1)).toBe('M10')
    expect(here.store.places()).toEqual({})
  })

  it('accept: a message that a scan has found already is taken once', async () => {
    const here = slow()
    const manager = here.manager()
    await manager.start()
    const envelope = here.store.add({ recipients: ['a@x'] })
    manager.trigger(bytes('I'))
    await here.run(0.1)
    manager.accept(envelope)
    await here.run(0.1)
    expect(manager.messages).toBe(1)
    await here.run(5)
    manager.accept(envelope)
    await here.run(5)
    expect(here.requests).toHaveLength(1)
    expect(here.lines.join()).not.toContain('warning')
  })

  it('accept: a message that is on its way into active is none of the scan', async () => {
    const here = slow()
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    const move = here.store.move.bind(here.store)
    here.store.move = async (...args) => {
      await here.wait(100)
      return move(...args)
    }
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }))
    manager.trigger(bytes('I'))
    await here.run(0.5)
    expect(manager.messages).toBe(1)
    expect(here.store.calls.filter((call) => call === 'move Q incoming active')).toHaveLength(1)
  })

  it('accept: new mail does not overtake what a slow scan is about to find', async () => {
    const here = slow({ messageActiveLimit: 2, ...ONE_PROCESS })
    const scan = here.store.scan.bind(here.store)
    here.store.scan = async function* (queue) {
      for await (const entry of scan(queue)) {
        await here.wait(100)
        yield entry
      }
    }
    const manager = here.manager()
    await manager.start()
    await here.run(0.1)
    const accept = (id: string) => manager.accept(here.store.add({ id, recipients: ['r@x'] }))
    for (const id of ['A1', 'A2', 'A3', 'A4']) accept(id)
    await here.run(1.01) // A1 is gone, the scan looks for A3.
    accept('A5')
    await here.run(20)
    const order = here.requests.map(({ queueId }) => queueId)
    expect(order).toEqual(['A1', 'A2', 'A3', 'A4', 'A5'])
    // Then the backlog is gone, and nothing needs to be read back any more.
    here.store.calls.length = 0
    accept('A6')
    await here.run(5)
    expect(here.store.calls).toEqual(['move A6 incoming active', 'remove A6 active'])
  })

  it('S-10 check 5: a file is not taken more than a second before its time', async () => {
    const here = slow()
    fill(here, 'deferred', 1, START_MS + 1000)
    fill(here, 'deferred', 1, START_MS + 1001)
    fill(here, 'incoming', 1, START_MS + 60_000)
    await here.manager().start()
    await here.run(2)
    expect(admitted(here)).toBe('D')
    // Nobody sends a trigger, still the file in incoming is found after its time.
    await here.run(300)
    expect(admitted(here)).toHaveLength(3)
  })

  it('F-21: the defer log of the last attempt goes when the next begins', async () => {
    const here = slow()
    here.store.add({ id: 'Q', recipients: ['a@x'] }, 'deferred')
    here.store.statusLogs.set('defer/Q', 'old')
    await here.manager().start()
    await here.run(0.5)
    expect(here.store.statusLogs).toEqual(new Map())
  })
})

describe('QueueManager: triggers', () => {
  async function deferring() {
    const here: World = new World((request) => here.outcomes(request, 'deferred'))
    const manager = here.manager()
    fill(here, 'deferred', 60, START_MS + 1e9)
    await manager.start()
    await here.run(1)
    const counts = () => ({
      scans: here.store.calls.filter((call) => call === 'scan deferred').length,
      attempts: here.requests.length,
    })
    const send = async (...triggers: string[]) => {
      const before = counts()
      for (const one of triggers) manager.trigger(bytes(one))
      await here.run(1)
      const after = counts()
      return [after.scans - before.scans, after.attempts - before.attempts]
    }
    return { here, send }
  }

  it('X-5, O-22, S-36: D, A and their order', async () => {
    const { send } = await deferring()
    expect(await send('DDDDDDDDDD')).toEqual([1, 0])
    expect(await send('D', 'D', 'D', 'D', 'D')).toEqual([2, 0])
    expect(await send('A')).toEqual([0, 0])
    expect(await send('D')).toEqual([1, 60])
    expect(await send('D')).toEqual([1, 0])
    expect(await send('DA')).toEqual([1, 60])
    expect(await send('xyz\n\0')).toEqual([0, 0])
  })

  it('S-36: I and W scan incoming', async () => {
    for (const trigger of ['I', 'W']) {
      const here = slow()
      const manager = here.manager()
      await manager.start()
      await here.run(1)
      fill(here, 'incoming', 1)
      manager.trigger(bytes(trigger))
      await here.run(2)
      expect(here.store.places()).toEqual({})
    }
  })
})
