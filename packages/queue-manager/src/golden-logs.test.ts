import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseFeedback } from '@posthouse/scheduler'
import { describe, expect, it } from 'vitest'

import { SETTINGS, World } from '../test/harness.ts'
import type { DeliveryReport, QueueManagerOptions, TransportSettings } from './index.ts'

// Recorded from Postfix 3.7.11; the titles of their sections say what was done.
const read = (name: string) =>
  readFileSync(join(import.meta.dirname, '../vectors', name), 'utf8').trimEnd()

/** Sections by title. */
function sections(name: string): [title: string, lines: string[]][] {
  const [, ...all] = read(name).split(/^## /m)
  return all.map((text) => {
    const [title = '', ...lines] = text.trimEnd().split('\n')
    return [title, lines]
  })
}

const to = (nexthop: string) => ({ kind: 'route', transport: 'tst', nexthop }) as const

function worldOf(settings: Partial<TransportSettings>, options: Partial<QueueManagerOptions>) {
  const transport = () => ({ ...SETTINGS, ...settings })
  const held: ((report: DeliveryReport | Error) => void)[] = []
  const here = new World(
    () =>
      new Promise((resolve, reject) => {
        held.push((report) => (report instanceof Error ? reject(report) : resolve(report)))
      }),
    { transport, ...options },
  )
  here.ports = {
    resolve: (_, recipient) => ({ ...to(recipient.split('@')[1]!), recipient }),
  }
  return { here, held }
}

describe('destination_concurrency_feedback_debug', () => {
  const feedback = (text: string) => parseFeedback(text)!
  const settingsOf: Record<string, Partial<TransportSettings>> = {
    'positive 1/concurrency': { positive: feedback('1/concurrency') },
    'negative 1/concurrency, cohort limit 10': {
      negative: feedback('1/concurrency'),
      failedCohortLimit: 10,
    },
    'both 1/4, cohort limit 10': {
      positive: feedback('1/4'),
      negative: feedback('1/4'),
      failedCohortLimit: 10,
    },
    'both 0.3': {
      positive: feedback('0.3'),
      negative: feedback('0.3'),
      failedCohortLimit: 10,
    },
    'feedback 0 both, cohort limit 0': {
      positive: feedback('0'),
      negative: feedback('0'),
      failedCohortLimit: 0,
    },
    'defaults with cohort limit 3': { failedCohortLimit: 3 },
    'initial 1, limit 20, defaults': { initial: 1 },
    'limit 3 (below initial 5)': { limit: 3 },
  }

  it.each(sections('qmgr-concurrency-feedback.txt'))('S-76: %s', async (title, lines) => {
    const [name = '', outcomes = ''] = title.split(/ \| .*: /)
    const settings = { destinationRecipientLimit: 2, ...settingsOf[name] }
    const { here, held } = worldOf(settings, { feedbackDebug: true })
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 120 }, (_, i) => `r${i}@z.tst`)
    manager.accept(here.store.add({ recipients }))
    await here.run(1)
    for (const [i, outcome] of [...outcomes].entries()) {
      if (here.requests[i] === undefined) break // It is dead, and nothing is in flight.
      const blame = { status: '4.4.1', reason: 'refused' }
      const report = here.outcomes(here.requests[i]!, outcome === 'o' ? 'sent' : 'deferred')
      held[i]?.(outcome === 'o' ? report : { ...report, blame })
      await here.run(1)
    }
    // How a transport is set up is known to who reads main.cf.
    const expected = lines.filter((line) => !line.includes(' feedback type '))
    const windows = here.lines.filter((line) => line.startsWith('qmgr: qmgr_queue_'))
    expect(windows.map((line) => line.slice('qmgr: '.length))).toEqual(expected)
  })

  it('S-76: a revival is told of, as an event without feedback', async () => {
    const { here, held } = worldOf({ initial: 1 }, { feedbackDebug: true })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: ['a@z.tst'] }))
    await here.run(1)
    const blame = { status: '4.4.1', reason: 'refused' }
    held[0]?.({ ...here.outcomes(here.requests[0]!, 'deferred'), blame })
    await here.run(1)
    manager.trigger(Buffer.from('F'))
    const windows = here.lines.filter((line) => line.startsWith('qmgr: qmgr_queue_'))
    const state = (window: number, cohorts: number) =>
      `queue z.tst: limit 20 window ${window} success 0 failure 0 fail_cohorts ${cohorts}`
    expect(windows).toEqual([
      `qmgr: qmgr_queue_throttle: ${state(0, 1)}`,
      `qmgr: qmgr_queue_unthrottle: ${state(1, 0)}`,
    ])
  })
})

describe('qmgr_clog_warn_time', () => {
  interface Scene {
    readonly settings?: Partial<TransportSettings>
    readonly others?: number
  }
  const scenes: Record<string, Scene> = {
    'branch 1: concurrency limit reached': { settings: { limit: 3 } },
    'branch 2: window > limit * share': { settings: { initial: 60, limit: 100 } },
    'branch 3: other destinations on the same transport': { others: 2 },
    'branch 4: only destination of the transport': {},
  }

  async function clog({ settings = {}, others = 0 }: Scene, options = {}) {
    const { here } = worldOf(settings, { messageActiveLimit: 50, clogWarnMs: 300_000, ...options })
    const manager = here.manager()
    await manager.start()
    for (let i = 0; i < others; i++) {
      manager.accept(here.store.add({ recipients: [`r@other${i}.tst`] }))
    }
    const send = async (recipient: string) => {
      manager.accept(here.store.add({ recipients: [recipient] }))
      await here.run(1)
      return here.lines.filter((line) => line.startsWith('qmgr: warning:'))
    }
    return { send, here }
  }

  it.each(sections('qmgr-clog-warnings.txt'))('O-25, S-85: %s', async (title, lines) => {
    const { send } = await clog(scenes[title]!)
    for (let i = 0; i < 10; i++) expect(await send(`r${i}@z.tst`)).toEqual([])
    const expected = lines.map((line) => line.replace(/^.*\]: /, 'qmgr: '))
    expect(await send('r10@z.tst')).toEqual(expected)
    expect(await send('r11@z.tst'), 'not again within 300 s').toEqual(expected)
  })

  it('O-25, S-85: warns again when the time is over, and of each destination', async () => {
    const { send, here } = await clog({}, { clogWarnMs: 100_000 })
    let warnings = 0
    const warned = (lines: string[]) => lines.filter((line) => line.includes('using up')).length
    for (let i = 0; i < 12; i++) warnings = warned(await send(`r${i}@z.tst`))
    expect(warnings).toBe(1)
    for (let i = 0; i < 11; i++) warnings = warned(await send(`r${i}@y.tst`))
    expect(warnings).toBe(2)
    await here.run(50)
    expect(warned(await send('again@z.tst'))).toBe(2)
    await here.run(50)
    expect(warned(await send('r12@z.tst'))).toBe(3)
  })

  it('S-85, S-27: of mailboxes it is the host that is named', async () => {
    const { send } = await clog({ settings: { destinationRecipientLimit: 1 } })
    let lines: string[] = []
    for (let i = 0; i < 11; i++) lines = await send('r@z.tst')
    expect(lines[0]).toContain('mail for z.tst is using up')
  })

  it.each([{ helpfulWarnings: false }, { clogWarnMs: 0 }])(
    'S-85: none with %j',
    async (options) => {
      const { send } = await clog({}, options)
      let lines: string[] = []
      for (let i = 0; i < 15; i++) lines = await send(`r${i}@z.tst`)
      expect(lines).toEqual([])
    },
  )
})
