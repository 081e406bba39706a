import { describe, expect, it } from 'vitest'

import { START_MS, World } from '../test/harness.ts'
import type { QueueManager } from './index.ts'

const INTERVAL_S = 300

/** Messages that are deferred again at each attempt, until tomorrow. */
function world(messages: number): World {
  const here: World = new World((request) => here.outcomes(request, 'deferred'), {
    minimalBackoffMs: 86_400_000,
  })
  for (let i = 0; i < messages; i++) add(here, `D${i}`, 3600)
  return here
}

function add({ store }: World, id: string, stampS: number): void {
  store.add({ id, recipients: ['r@x.test'] }, 'deferred', START_MS + stampS * 1000)
}

async function started(here: World): Promise<QueueManager> {
  const manager = here.manager()
  await manager.start()
  await here.run(1)
  return manager
}

const scans = ({ store }: World): number =>
  store.calls.filter((call) => call === 'scan deferred').length

const attempts = ({ requests }: World): string[] => requests.map(({ queueId }) => queueId)

describe('a queue run', () => {
  it('looks at the files that are due, and at no other', async () => {
    const here = world(500)
    add(here, 'due', 450)
    await started(here)
    expect(here.store.scanned).toBe(501)
    here.store.calls.length = 0
    await here.run(10 * INTERVAL_S)
    expect(attempts(here)).toEqual(['due'])
    expect(scans(here)).toBe(0)
    expect(here.store.calls.filter((call) => call.startsWith('find'))).toEqual(['find due'])
  })

  it('reads the queue when the index does not reach that far, and then again not', async () => {
    const here = world(0)
    here.options = { ...here.options, messageActiveLimit: 1 } // The index holds 10.
    for (let i = 0; i < 20; i++) add(here, `S${i}`, 1000 + 10 * i)
    await started(here)
    await here.run(3 * INTERVAL_S)
    expect(scans(here)).toBe(1)
    await here.run(INTERVAL_S)
    expect(attempts(here)).toHaveLength(20)
    expect(scans(here)).toBe(2)
    await here.run(2 * INTERVAL_S)
    expect(scans(here)).toBe(2)
  })

  it('X-5, S-38: A during a run makes it a scan of all files', async () => {
    const here = world(10)
    add(here, 'due', 250)
    const { store } = here
    let isSlow = false
    const move: typeof store.move = async (...args) => {
      if (isSlow) await here.wait(100)
      return store.move(...args)
    }
    here.ports = { store: new Proxy(store, { get: (on, name) => bound(on, name, { move }) }) }
    const manager = await started(here)
    isSlow = true
    await here.run(INTERVAL_S - 1)
    await here.run(0.05) // "due" is on its way into active.
    manager.trigger(Buffer.from('A'))
    await here.run(100)
    expect(attempts(here).toSorted()).toEqual(['due', ...idsOf(10)].toSorted())
  })

  it('S-10: leaves a file alone that was touched after it was found', async () => {
    const here = world(0)
    add(here, 'late', 250)
    await started(here)
    here.store.unseen(() => here.store.change('late', { modifiedMs: START_MS + 1e6 }))
    here.store.missed = false
    await here.run(INTERVAL_S)
    expect(attempts(here)).toEqual([])
    await here.run(3 * INTERVAL_S)
    expect(attempts(here)).toEqual(['late'])
    expect(scans(here)).toBe(1)
  })

  it('reads the queue when more changes than can be looked at', async () => {
    const here = world(1500)
    await started(here)
    for (const id of idsOf(1500)) here.store.change(id, { modifiedMs: START_MS })
    await here.run(INTERVAL_S)
    expect(scans(here)).toBe(2)
    expect(attempts(here)).toHaveLength(1500)
    expect(here.store.calls.filter((call) => call.startsWith('find')).length).toBeLessThan(1500)
  })

  it('does not look at what it moves itself', async () => {
    const here = world(0)
    add(here, 'due', 250)
    await started(here)
    await here.run(INTERVAL_S)
    expect(attempts(here)).toEqual(['due'])
    expect(here.store.calls.filter((call) => call.startsWith('find'))).toEqual(['find due'])
  })

  it('finds what is released after a move of our own has failed', async () => {
    const here = world(0)
    add(here, 'Q', 0)
    here.store.failing.add('move Q active deferred')
    await started(here)
    here.store.failing.clear()
    here.store.change('Q', { queue: 'hold' })
    here.store.change('Q', { queue: 'deferred', modifiedMs: START_MS })
    await here.run(INTERVAL_S)
    expect(attempts(here)).toEqual(['Q', 'Q'])
  })

  it('reads the queue, and says what is wrong, when a file cannot be looked at', async () => {
    const here = world(3)
    add(here, 'due', 250)
    await started(here)
    here.store.failing.add('find due')
    await here.run(INTERVAL_S)
    expect(here.lines).toContain(
      'qmgr: warning: cannot scan queue "deferred", will try again later: EIO: find due',
    )
    here.store.failing.clear()
    await here.run(INTERVAL_S)
    expect(attempts(here)).toEqual(['due'])
    expect(scans(here)).toBe(2)
  })

  it('reads the queue when a file that was changed cannot be looked at', async () => {
    const here = world(3)
    await started(here)
    here.store.failing.add('find D1')
    here.store.change('D1', { modifiedMs: START_MS })
    await here.run(1)
    here.store.failing.clear()
    await here.run(INTERVAL_S)
    expect(attempts(here)).toEqual(['D1'])
    expect(scans(here)).toBe(2)
  })

  it('reads the queue each time where the store cannot watch it, and says why', async () => {
    const here = world(3)
    here.store.failing.add('watch')
    await started(here)
    expect(here.lines).toEqual([
      'qmgr: warning: cannot watch queue "deferred", will read all of it at each queue run: ' +
        'EIO: watch deferred',
    ])
    await here.run(2 * INTERVAL_S)
    expect(scans(here)).toBe(3)
  })
})

it('drain, handOverTo: the queue is not watched any more', async () => {
  const here = world(3)
  const first = await started(here)
  const second = here.manager()
  await first.handOverTo(second)
  expect(here.store.watched).toEqual(['deferred'])
  await second.drain()
  expect(here.store.watched).toEqual([])
})

function idsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `D${i}`)
}

function bound<Of extends object>(of: Of, name: string | symbol, instead: object): unknown {
  const value = Reflect.get(instead, name) ?? Reflect.get(of, name, of)
  return typeof value === 'function' ? value.bind(of) : value
}
