import { describe, expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'
import type { DeliveryReport, DeliveryRequest, TransportSettings } from './index.ts'

const BLAME = { status: '4.4.1', reason: 'connection timed out' }

interface Delivery {
  readonly request: DeliveryRequest
  /** In seconds from the start. */
  readonly from: number
  to: number
}

/** A world whose deliveries take so many seconds, and are written down. */
function worldOf(
  seconds: (request: DeliveryRequest) => number,
  settings: Partial<TransportSettings> = {},
  options = {},
  report?: (request: DeliveryRequest, from: number) => DeliveryReport,
) {
  const deliveries: Delivery[] = []
  const now = () => (here.clock.now() - START_MS) / 1000
  const deliver = async (request: DeliveryRequest) => {
    const delivery = { request, from: now(), to: Number.NaN }
    deliveries.push(delivery)
    await here.wait(seconds(request) * 1000)
    delivery.to = now()
    return report?.(request, delivery.from) ?? here.outcomes(request)
  }
  const transport = () => ({ ...SETTINGS, ...settings })
  const here = new World(deliver, { transport, ...options })
  const starts = (nexthop: string) =>
    deliveries.filter(({ request }) => request.nexthop === nexthop).map(({ from }) => from)
  return { here, deliveries, starts }
}

const many = (count: number, nexthop: string) =>
  Array.from({ length: count }, (_, i) => `r${i}@${nexthop}`)

describe.each(['qmgr', 'oqmgr'] as const)('%s: destinations', (scheduling) => {
  it.each([
    [100, 0.7, 70],
    [10, 2, 110],
  ])('O-7: a slow one does not hold up a fast one, %i processes', async (processLimit, y, x) => {
    const settings = { processLimit, destinationRecipientLimit: 0 }
    const service = (request: DeliveryRequest) => (request.nexthop === 'x' ? 10 : 0.1)
    const { here, deliveries } = worldOf(service, settings, { scheduling })
    const manager = here.manager()
    await manager.start()
    const put = (one: string) => manager.accept(here.store.add({ recipients: [one] }))
    for (const one of [...many(100, 'x'), ...many(100, 'y')]) put(one)
    await here.run(200)
    const last = (nexthop: string) =>
      Math.max(...deliveries.filter((one) => one.request.nexthop === nexthop).map(({ to }) => to))
    expect([last('y'), last('x')].map((at) => Math.round(at * 10) / 10)).toEqual([y, x])
  })

  it('O-9, O-10: a dead one is left alone for 300 s, its neighbour is served', async () => {
    const settings = { processLimit: 10 }
    const { here, starts } = worldOf(
      ({ nexthop }) => (nexthop === 'x' ? 30 : 1),
      settings,
      { scheduling },
      (request) =>
        request.nexthop === 'x'
          ? { ...here.outcomes(request, 'deferred'), blame: BLAME }
          : here.outcomes(request),
    )
    const manager = here.manager()
    await manager.start()
    const put = (one: string) => manager.accept(here.store.add({ recipients: [one] }))
    for (const one of [...many(16, 'x'), ...many(10, 'y')]) put(one)
    await here.run(31)
    expect(starts('x')).toEqual([0, 0, 0, 0, 0])
    expect(starts('y').at(-1)).toBeLessThanOrEqual(1)
    expect(manager.messages).toBe(0)
    put('later@x')
    await here.run(1)
    expect(starts('x')).toHaveLength(5)
    expect(here.lines.at(-1)).toContain('status=deferred (delivery temporarily suspended: ')
    await here.run(200)
    put('still@x')
    await here.run(1)
    expect(starts('x')).toHaveLength(5)
    await here.run(97)
    put('again@x')
    await here.run(1)
    expect(starts('x')[5]).toBeCloseTo(330, 3)
  })

  it('X-51, O-20, S-77: one rests after each delivery, also across messages', async () => {
    const settings = { destinationRateDelayMs: 2000 }
    const { here, starts } = worldOf(() => 0.5, settings, { scheduling })
    const manager = here.manager()
    await manager.start()
    for (const one of ['1@x', '2@x', '3@x', '1@y']) {
      manager.accept(here.store.add({ recipients: [one] }))
    }
    await here.run(60)
    expect(starts('x')).toEqual([0, 2.5, 5])
    expect(starts('y')).toEqual([0])
    manager.accept(here.store.add({ recipients: ['4@x'] }))
    await here.run(60)
    expect(starts('x')[3]).toBe(60)
  })

  it('X-52, O-20, S-78: a transport with a delay makes one delivery at a time', async () => {
    const settings = { transportRateDelayMs: 2000 }
    const { here, deliveries } = worldOf(() => 0.5, settings, { scheduling })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: ['r@x', 'r@y', 'r@z'] }))
    await here.run(60)
    expect(deliveries.map(({ from }) => from)).toEqual([2, 4.5, 7])
  })

  it('O-26, S-78: an agent that dies does not lock its transport', async () => {
    const settings = { transportRateDelayMs: 1000 }
    const { here, deliveries } = worldOf(
      () => 0.5,
      settings,
      { scheduling },
      (request, from) => {
        if (from === 1) throw new Error('agent died')
        return here.outcomes(request)
      },
    )
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: ['r@x'] }))
    await here.run(1.2)
    manager.accept(here.store.add({ recipients: ['r@y'] }))
    await here.run(10)
    expect(deliveries.map(({ from }) => from)).toEqual([1, 2.5])
  })
})

it('X-53, S-82: no more dead destinations are remembered than the limit allows', async () => {
  const { here } = worldOf(
    () => 0,
    { initial: 1 },
    { messageActiveLimit: 3, messageRecipientLimit: 3 },
    (request) => ({ ...here.outcomes(request, 'deferred'), blame: BLAME }),
  )
  const manager = here.manager()
  await manager.start()
  for (let i = 0; i < 20; i++) {
    manager.accept(here.store.add({ recipients: [`r@x${i % 10}`] }))
    await here.run(0.1)
  }
  const suspended = here.lines.filter((line) => line.includes('temporarily suspended'))
  expect(suspended.length).toBeGreaterThan(3)
  expect(suspended.length).toBeLessThan(10)
})

describe('QueueManager: an agent that does not answer', () => {
  it('S-90: is given up after daemon_timeout, and what it says later is not heard', async () => {
    const options = { daemonTimeoutMs: 600_000, minimalBackoffMs: 3_000_000 }
    const { here, starts } = worldOf(({ nexthop }) => (nexthop === 'x' ? 1000 : 500), {}, options)
    const manager = here.manager()
    await manager.start()
    const put = (id: string) => manager.accept(here.store.add({ id, recipients: [`r@${id}`] }))
    put('x')
    await here.run(200)
    put('y')
    await here.run(399)
    expect(here.store.places()).toEqual({ x: 'active', y: 'active' })
    await here.run(2)
    const timeout = 'x: timeout receiving delivery status from transport: smtp'
    expect(here.lines.filter((line) => line.includes('timeout'))).toEqual([
      `qmgr: warning: ${timeout}`,
    ])
    expect(here.store.places()).toEqual({ x: 'deferred', y: 'active' })
    await Promise.all([manager.drain(), here.run(500)])
    expect(here.lines.filter((line) => line.includes('r@x'))).toHaveLength(1)
    expect(here.lines.filter((line) => line.endsWith('removed'))).toEqual(['qmgr: y: removed'])
    expect(starts('x')).toEqual([0])
  })
})

describe('QueueManager: small mail', () => {
  it.each([
    ['qmgr', (i: number) => 10 + 4 * i, 51],
    ['oqmgr', () => 50, 51],
  ] as const)('O-1: with %s, a large message that is under way', async (scheduling, at, end) => {
    const settings = { processLimit: 20, destinationRecipientLimit: 1 }
    const { here, deliveries } = worldOf(() => 1, settings, { scheduling })
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 1000 }, (_, i) => `A@a${i}`)
    manager.accept(here.store.add({ id: 'A', recipients }))
    for (let i = 0; i < 10; i++) {
      here.clock.after(10_000 + 4000 * i, () => {
        manager.accept(here.store.add({ recipients: [`B@b${i}`] }))
      })
    }
    await here.run(100)
    const [large, small] = [true, false].map((isLarge) =>
      deliveries.filter(({ request }) => (request.queueId === 'A') === isLarge),
    )
    expect(small?.map(({ from }) => from)).toEqual(Array.from({ length: 10 }, (_, i) => at(i)))
    expect(large).toHaveLength(1000)
    expect(Math.max(...deliveries.map(({ to }) => to))).toBe(end)
  })

  it('O-21, X-26: goes before what is left of a large one for the same host, with qmgr', async () => {
    const position: Record<string, number> = {}
    for (const scheduling of ['qmgr', 'oqmgr'] as const) {
      const settings = { processLimit: 5, destinationRecipientLimit: 2 }
      const { here, deliveries } = worldOf(() => 1, settings, { scheduling })
      const manager = here.manager()
      await manager.start()
      manager.accept(here.store.add({ id: 'A', recipients: many(1000, 'x') }))
      await here.run(9.5)
      manager.accept(here.store.add({ id: 'B', recipients: ['B@x'] }))
      await here.run(300)
      position[scheduling] = deliveries.findIndex(({ request }) => request.queueId === 'B')
    }
    expect(position).toEqual({ qmgr: 50, oqmgr: 500 })
  })

  it('O-15: does not wait for a backlog, but for what of it is active', async () => {
    const { here, deliveries } = worldOf(() => 1, { processLimit: 10 }, { messageActiveLimit: 100 })
    for (let i = 0; i < 10_000; i++) {
      here.store.add({ id: `D${i}`, recipients: [`r@d${i}`] }, 'deferred')
    }
    const manager = here.manager()
    await manager.start()
    for (let i = 0; i < 60; i++) {
      here.clock.after(500 + 1000 * i, () => {
        manager.accept(here.store.add({ id: `N${i}`, recipients: [`r@n${i}`] }))
      })
    }
    await here.run(60)
    const fresh = deliveries.filter(({ request, to }) => request.queueId[0] === 'N' && to > 0)
    const delays = fresh.map(({ request, to }) => to - (0.5 + Number(request.queueId.slice(1))))
    expect(delays.length).toBe(50)
    expect([Math.min(...delays), Math.max(...delays)]).toEqual([10.5, 10.5])
  })
})

describe('QueueManager: the order of rerouting', () => {
  const LOCAL = { addressClass: 'local' }
  const probe = { attributes: new Map([['trace_flags', '256']]) }

  async function outcome(envelope: object, options = {}, counts = [1], given: object = {}) {
    const { here } = worldOf(() => 0.1, {}, options)
    here.ports = {
      // Slow, so that all are in memory before one of them ends.
      resolve: async (_, recipient) => {
        await here.wait(500)
        const route = { kind: 'route', transport: 'smtp', nexthop: 'x', recipient } as const
        return { ...route, ...given }
      },
    }
    const manager = here.manager()
    await manager.start()
    for (const [round, count] of counts.entries()) {
      for (let i = 0; i < count; i++) {
        here.store.add({ id: `Q${round}${i}`, recipients: ['double-bounce@x'], ...envelope })
      }
      manager.trigger(Buffer.from('I'))
      await here.run(1)
    }
    return here.masked.filter((line) => line.includes('status=')).map((line) => line.slice(-60))
  }

  it('S-24: rows 4, 5 and 6 go in this order', async () => {
    const options = { deferTransports: ['smtp'] }
    const expired = { isForceExpired: true }
    const [row4] = await outcome(expired, options, [1], LOCAL)
    expect(row4).toContain('(message is administratively expired)')
    const [row5] = await outcome({}, options, [1], LOCAL)
    expect(row5).toContain('(undeliverable postmaster notification discarded)')
    const [row6] = await outcome({}, options)
    expect(row6).toContain('(deferred transport)')
  })

  it.each([
    ['temporary-failure', 'retry', 'deferred (address resolver failure)'],
    ['bad-address', 'error', 'bounced (bad address syntax)'],
  ])('S-24: rows 4 and 6 are for what rows 1 and 2 gave, too: %s', async (kind, to, text) => {
    const [row4] = await outcome({ isForceExpired: true }, {}, [1], { kind })
    expect(row4).toContain('deferred (message is administratively expired)')
    const [row6] = await outcome({}, { deferTransports: [to] }, [1], { kind })
    expect(row6).toContain('deferred (deferred transport)')
    const [given] = await outcome({}, { deferTransports: ['smtp'] }, [1], { kind })
    expect(given).toContain(text)
  })

  it('S-24: rows 6 and 7: no more address probes than may be at a time', async () => {
    const options = { pendingProbeLimit: 2 }
    const tooMany = (lines: string[]) =>
      lines.filter((line) => line.includes('(Too many address verification requests)')).length
    expect(tooMany(await outcome(probe, options, [2, 2, 2]))).toBe(0)
    expect(tooMany(await outcome(probe, options, [4]))).toBeGreaterThan(1)
    const [row6] = await outcome(probe, { ...options, deferTransports: ['smtp'] }, [3])
    expect(row6).toContain('(deferred transport)')
  })
})
