import { describe, expect, it } from 'vitest'

import { SETTINGS, World } from '../test/harness.ts'
import { StoreError } from '../test/memory-store.ts'
import type { DeliveryRequest, QueueManagerOptions, TransportSettings } from './index.ts'

/** Every delivery takes a second. */
function slow(
  options: Partial<QueueManagerOptions>,
  settings: Partial<TransportSettings> = {},
): World {
  const deliver = async (request: DeliveryRequest) => {
    await here.wait(1000)
    return here.outcomes(request)
  }
  const transport = () => ({ ...SETTINGS, ...settings })
  const here = new World(deliver, { transport, ...options })
  return here
}

const distinct = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name}@${name.toLowerCase()}${i}.test`)

const reads = (here: World) =>
  here.store.calls.filter((call) => call.startsWith('readRecipients')).map((call) => call.slice(15))

/** Runs of letters, as in the specification: `A3 B1 A12`. */
function order(here: World): string {
  const letters = here.requests.map(({ recipients }) => recipients[0]?.address[0] ?? '')
  return letters.join('').replace(/(.)\1*/g, (run, name) => `${name}${run.length} `)
}

const LIMITS = {
  messageActiveLimit: 20,
  messageRecipientLimit: 50,
  messageRecipientMinimum: 10,
}
const SLOTS = {
  processLimit: 1,
  recipientLimit: 30,
  extraRecipientLimit: 10,
  recipientRefillLimit: 5,
  recipientRefillDelayMs: 1_000_000,
}

describe('QueueManager: recipients in batches', () => {
  it.each([
    ['accepted', true],
    ['scanned', false],
  ])('X-32, O-17: mail that was %s is read in pieces, and preempts', async (_, isAccepted) => {
    const here = slow(LIMITS, SLOTS)
    const manager = here.manager()
    const send = (id: string, count: number) => {
      const queue = isAccepted ? 'active' : 'incoming'
      const envelope = here.store.add({ id, recipients: distinct(id, count) }, queue)
      if (isAccepted) manager.accept(envelope, queue)
      else manager.trigger(Buffer.from('I'))
    }
    await manager.start()
    send('A', 200)
    await here.run(9.5)
    send('B', 3)
    send('C', 25)
    await here.run(0.1)
    expect(manager.recipients).toBe(41 + 3 + 10)
    await here.run(300)
    expect(order(here)).toBe('A10 B3 A91 C25 A99 ')
    expect(
      reads(here)
        .filter((read) => read.startsWith('A'))
        .slice(0, 2),
    ).toEqual(['A active 5', 'A active 5'])
    expect(here.store.places()).toEqual({})
  })

  it.each([
    [5, [1, 5, 5]],
    [20, [10, 20, 20]],
  ])(
    'S-61: with less room than recipient_refill_limit reads %i s after the last read',
    async (...row) => {
      const [delayS, expected] = row
      const refill = { recipientRefillLimit: 1000, recipientRefillDelayMs: delayS * 1000 }
      const here = slow(LIMITS, { ...SLOTS, ...refill })
      const manager = here.manager()
      await manager.start()
      manager.accept(
        here.store.add({ id: 'A', recipients: distinct('A', 200) }, 'active'),
        'active',
      )
      await here.run(60)
      // One is delivered each second; 50 were read at first, and from then on there is room for 40.
      expect(reads(here).slice(0, 3)).toEqual(expected.map((count) => `A active ${count}`))
    },
  )

  it.each([
    [10, 5],
    [11, 6],
  ])(
    'S-62: one that preempts may have half of extra_recipient_limit %i more',
    async (extra, more) => {
      const here = slow(LIMITS, { ...SLOTS, extraRecipientLimit: extra })
      const manager = here.manager()
      await manager.start()
      const send = (id: string, count: number) =>
        manager.accept(here.store.add({ id, recipients: distinct(id, count) }, 'active'), 'active')
      send('A', 200)
      await here.run(9.5)
      send('C', 25)
      await here.run(300)
      const ofC = reads(here).filter((read) => read.startsWith('C'))
      expect(ofC[0]).toBe(`C active ${more}`)
    },
  )

  it('S-60: an older message that comes to a transport later has the slots of that transport', async () => {
    const here = slow(LIMITS, { ...SLOTS, recipientRefillLimit: 1000 })
    here.ports = {
      resolve: (_, recipient) => {
        const transport = /^A@a[0-4]?\d\.test$/.test(recipient) ? 'first' : 'second'
        return { kind: 'route', transport, nexthop: recipient.slice(2), recipient }
      },
    }
    const manager = here.manager()
    await manager.start()
    const send = (id: string, count: number) =>
      manager.accept(here.store.add({ id, recipients: distinct(id, count) }, 'active'), 'active')
    send('A', 200)
    await here.run(1.5)
    send('B', 200)
    await here.run(120)
    // 10 of its own and 30 of the first transport, with what B does not use of the second.
    expect(reads(here).slice(0, 3)).toEqual(['B active 40', 'A active 40', 'A active 68'])
  })

  it('X-33, S-59: reads no more than 5000 at a time', async () => {
    const here = slow({}, { destinationRecipientLimit: 50, processLimit: 1 })
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 12_000 }, (_, i) => `A${i}@a.test`)
    manager.accept(here.store.add({ id: 'A', recipients }, 'active'), 'active')
    expect(manager.recipients).toBe(5000)
    await here.run(1.5)
    manager.accept(here.store.add({ id: 'B', recipients: ['B@b.test'] }))
    await here.run(300)
    expect(reads(here)).toEqual(['A active 5000', 'A active 5000'])
    expect(order(here)).toBe('A2 B1 A238 ')
  })

  it('O-16: however many recipients a message has, 20010 are in memory', async () => {
    const here = slow({}, { processLimit: 20, destinationRecipientLimit: 1000 })
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 60_000 }, (_, i) => `r${i}@d${i % 9}.test`)
    here.store.add({ id: 'A', recipients })
    manager.trigger(Buffer.from('I'))
    let most = 0
    for (let halves = 0; halves < 12; halves++) {
      most = Math.max(most, manager.recipients)
      await here.run(0.5)
    }
    expect(most).toBeGreaterThan(15_000)
    expect(most).toBeLessThanOrEqual(20_010)
    await here.run(10)
    expect(here.store.places()).toEqual({})
  })

  it('O-16: of many messages at once, each has its minimum in memory', async () => {
    const here = slow({}, { processLimit: 1, recipientLimit: 0 })
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 1000 }, (_, i) => `r${i}@d${i % 9}.test`)
    for (let i = 0; i < 1000; i++) manager.accept(here.store.add({ recipients }))
    await here.run(0.5)
    expect([manager.messages, manager.recipients]).toEqual([1000, 29_800])
  })

  it('S-65: oqmgr reads a share, and the next when there is room or nothing is left', async () => {
    const options = { scheduling: 'oqmgr', messageRecipientLimit: 300, fudgeFactor: 50 } as const
    const here = slow(
      { ...options, messageActiveLimit: 10 },
      { destinationRecipientLimit: 2, processLimit: 1 },
    )
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 1000 }, (_, i) => `A${i}@x.test`)
    manager.accept(here.store.add({ id: 'A', recipients }, 'active'), 'active')
    expect(manager.recipients).toBe(150)
    await here.run(4.5)
    const four = Array.from({ length: 4 }, (_, i) => `B${i}@x.test`)
    manager.accept(here.store.add({ id: 'B', recipients: four }))
    await here.run(600)
    expect(order(here), 'X-36').toBe('A75 B2 A425 ')
  })

  it('S-21: nothing more is read of a message that is redirected', async () => {
    const here = slow(LIMITS, SLOTS)
    const manager = here.manager()
    await manager.start()
    const redirect = 'all@z.test'
    manager.accept(here.store.add({ id: 'Q', redirect, recipients: distinct('A', 100) }))
    await here.run(10)
    expect(here.requests.map(({ recipients }) => recipients.length)).toEqual([1])
    expect(reads(here)).toEqual([])
    expect(here.store.places()).toEqual({})
  })

  it('S-30 row 4: recipients that cannot be tried do not end the attempt', async () => {
    const here = slow({ ...LIMITS, deferTransports: ['smtp'] }, SLOTS)
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: distinct('A', 200) }))
    await here.run(10)
    expect(reads(here).length).toBeGreaterThan(2)
    expect(here.store.places()).toEqual({ Q: 'deferred' })
    const log = here.store.statusLogs.get('defer/Q') ?? ''
    expect(log.match(/^recipient=/gm)).toHaveLength(200)
    expect(manager).toMatchObject({ messages: 0 })
  })

  it('S-88: those of earlier batches are marked as done by then', async () => {
    const here = slow(LIMITS, { ...SLOTS, processLimit: 20 })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: distinct('A', 200) }))
    await here.run(3.5)
    await Promise.all([manager.drain(), here.run(2)])
    const left = here.store.files.get('Q')?.envelope.recipients ?? []
    expect(here.store.places()).toEqual({ Q: 'active' })
    expect(left.length).toBe(200 - here.requests.length)
    const next = here.manager()
    await next.start()
    await here.run(60)
    const addresses = here.requests.map(({ recipients }) => recipients[0]?.address)
    expect(new Set(addresses).size).toBe(200)
    expect(addresses).toHaveLength(200)
  })
})

describe('QueueManager: a batch that cannot be read', () => {
  async function fail(error: () => void) {
    const here = slow(LIMITS, { ...SLOTS, processLimit: 100 })
    const manager = here.manager()
    await manager.start()
    here.store.add({ id: 'Q', recipients: distinct('A', 200) })
    error.call(here)
    manager.trigger(Buffer.from('I'))
    await here.run(20)
    expect(manager.messages).toBe(0)
    return here
  }

  it('keeps the rest for the next attempt', async () => {
    const here = await fail(function (this: World) {
      this.store.failing.add('readRecipients')
    } as () => void)
    expect(here.requests).toHaveLength(50)
    expect(here.lines).toContainEqual(expect.stringContaining('warning: EIO: readRecipients Q'))
    expect(here.store.places()).toEqual({ Q: 'deferred' })
    expect(here.store.files.get('Q')?.envelope.recipients).toHaveLength(150)
    here.store.failing.clear()
    await here.run(700)
    expect(here.requests).toHaveLength(200)
    expect(here.store.places()).toEqual({})
  })

  it('S-19: sets a damaged file aside, when what is in flight has ended', async () => {
    const here = await fail(function (this: World) {
      this.store.readRecipients = async () => {
        throw new StoreError('corrupt', 'message rejected: missing end record')
      }
    } as () => void)
    expect(here.requests).toHaveLength(50)
    expect(here.lines).toContain('qmgr: warning: message rejected: missing end record')
    expect(here.store.places()).toEqual({ Q: 'corrupt' })
    expect(here.store.files.get('Q')?.envelope.recipients).toHaveLength(150)
  })

  it('delivers to nobody else of a message that was put on hold', async () => {
    const here = await fail(function (this: World) {
      this.clock.after(500, () => this.store.change('Q', { queue: 'hold' }))
    } as () => void)
    expect(here.requests.length).toBeLessThan(200)
    expect(here.store.places()).toEqual({ Q: 'hold' })
    const left = here.store.files.get('Q')?.envelope.recipients ?? []
    expect(left.length).toBe(200 - here.requests.length)
  })
})
