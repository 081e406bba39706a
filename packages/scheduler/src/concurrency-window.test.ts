import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ConcurrencyWindow, parseFeedback, type WindowOptions } from './index.ts'

const DEFAULTS = { initial: 5, limit: 20, positive: '1', negative: '1', failedCohortLimit: 1 }
type Settings = Partial<typeof DEFAULTS>

function options(settings: Settings): WindowOptions {
  const { positive, negative, ...rest } = { ...DEFAULTS, ...settings }
  return { ...rest, positive: parseFeedback(positive)!, negative: parseFeedback(negative)! }
}

/** Replays completions one by one; every free slot is refilled after each. */
function replay(settings: Settings, events: string, processes = Number.POSITIVE_INFINITY) {
  const window = new ConcurrencyWindow(options(settings))
  let busy = Math.min(window.size, processes)
  return Array.from(events, (event) => {
    if (event === 'o') window.succeed(busy)
    else window.fail()
    busy = Math.max(busy - 1, Math.min(window.size, processes))
    const { size, success, failure, failedCohorts } = window
    return { size, success, failure, failedCohorts }
  })
}

describe('ConcurrencyWindow', () => {
  it.each<[id: string, settings: Settings, events: string, sizes: string, processes?: number]>([
    ['X-37', {}, 'o'.repeat(17), '6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 20 20'],
    ['X-38', {}, 'fff', '3 2 0'],
    ['X-39', {}, 'foooooo', '3 4 5 6 7 8 9'],
    ['X-40', { positive: '1/concurrency' }, 'o'.repeat(12), '5 5 5 5 6 6 6 6 6 6 7 7'],
    [
      'X-41',
      { negative: '1/concurrency', failedCohortLimit: 10 },
      'f'.repeat(12),
      '4 4 4 3 3 3 2 2 1 1 1 1',
    ],
    [
      'X-42',
      { positive: '1/4', negative: '1/4', failedCohortLimit: 10 },
      'ooooffooofooooo',
      '5 5 5 6 5 5 5 5 5 5 6 6 6 6 7',
    ],
    [
      'X-43',
      { positive: '0.3', negative: '0.3', failedCohortLimit: 10 },
      'oooooooffffff',
      '5 5 6 6 6 6 7 6 6 5 5 5 5',
    ],
    [
      'X-44',
      { positive: '0', negative: '0', failedCohortLimit: 0 },
      'oofffffff',
      '5 5 5 5 5 5 5 5 5',
    ],
    ['X-45', { failedCohortLimit: 3 }, 'fffff', '3 2 1 1 0'],
    ['X-46', { initial: 1 }, 'oooooo', '2 3 4 5 6 7'],
    ['X-47', { limit: 3 }, 'ooff', '3 3 1 0'],
    ['X-48', {}, 'o'.repeat(10), '6 6 6 6 6 6 6 6 6 6', 1],
    ['X-49', {}, 'fffooooo', '3 2 0 2 3 4 5 6'],
    ['S-68: no limit', { limit: 0 }, 'o'.repeat(18), sequence(6, 23)],
  ])('O-8, %s: windows after each event', (_, settings, events, sizes, processes) => {
    expect(replay(settings, events, processes).map(({ size }) => size)).toEqual(
      sizes.split(' ').map(Number),
    )
  })

  it('S-75: with feedback 1 the first failure lowers the window by two, the next by one', () => {
    const sizes = replay({ initial: 9, failedCohortLimit: 0 }, 'ffff').map(({ size }) => size)
    expect(sizes).toEqual([7, 6, 5, 4])
  })

  it('S-72: late failures change nothing, and revival starts afresh', () => {
    const window = new ConcurrencyWindow(options({}))
    for (let i = 0; i < 3; i++) window.fail()
    expect(window.size).toBe(0)
    window.fail()
    expect(window.size).toBe(0)
    window.revive(0)
    expect(window).toMatchObject({ size: 5, success: 0, failure: 0, failedCohorts: 0 })
  })

  it.each(recordings())('recorded from Postfix: $title', ({ settings, events, windows }) => {
    // What Postfix logged after the destination died belongs to its late completions.
    const replayed = replay(settings, events).slice(0, windows.length)
    for (const [i, { size, success, failure, failedCohorts }] of replayed.entries()) {
      const recorded = windows[i]!
      expect(size, `window after event ${i + 1}`).toBe(recorded[0])
      expect(success).toBeCloseTo(recorded[1]!, 5)
      expect(failure).toBeCloseTo(recorded[2]!, 5)
      expect(failedCohorts).toBeCloseTo(recorded[3]!, 4)
    }
  })

  it('S-70: half a step of slack is enough, exactly', () => {
    expect(replay({ positive: '0.4' }, 'oo').map(({ size }) => size)).toEqual([5, 6])
  })

  it('S-70: at its limit a window gathers no feedback', () => {
    expect(replay({ positive: '1/4', limit: 5 }, 'oo')).toMatchObject([
      { success: 0 },
      { success: 0 },
    ])
  })

  it('S-72: a revived window has no feedback from before', () => {
    const window = new ConcurrencyWindow(options({ positive: '1/4', negative: '0' }))
    window.succeed(5)
    for (let i = 0; i < 5; i++) window.fail()
    expect(window).toMatchObject({ size: 0, success: 0.25 })
    window.revive(0)
    expect(window).toMatchObject({ size: 5, success: 0, failure: 0, failedCohorts: 0 })
  })

  it('stays between 1 and its limit while alive, whatever happens', () => {
    const feedback = fc.constantFrom('0', '0.1', '1/3', '1/4', '1', '1/concurrency')
    const settings = fc.record({
      initial: fc.integer({ min: 1, max: 30 }),
      limit: fc.integer({ min: 1, max: 30 }),
      positive: feedback,
      negative: feedback,
      failedCohortLimit: fc.nat({ max: 3 }),
    })
    const events = fc.string({ unit: fc.constantFrom('o', 'f'), maxLength: 60 })
    fc.assert(
      fc.property(settings, events, (some, happening) => {
        for (const { size } of replay(some, happening)) {
          expect(size).toBeLessThanOrEqual(some.limit)
          expect(size).toBeGreaterThanOrEqual(some.failedCohortLimit === 0 ? 1 : 0)
        }
      }),
    )
  })
})

function sequence(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).join(' ')
}

const RECORDED: Record<string, Settings> = {
  'defaults, all good': {},
  'defaults, all bad': {},
  'defaults, one bad then good': {},
  'positive 1/concurrency': { positive: '1/concurrency' },
  'negative 1/concurrency, cohort limit 10': { negative: '1/concurrency', failedCohortLimit: 10 },
  'both 1/4, cohort limit 10': { positive: '1/4', negative: '1/4', failedCohortLimit: 10 },
  'both 0.3': { positive: '0.3', negative: '0.3', failedCohortLimit: 10 },
  'feedback 0 both, cohort limit 0': { positive: '0', negative: '0', failedCohortLimit: 0 },
  'defaults with cohort limit 3': { failedCohortLimit: 3 },
  'initial 1, limit 20, defaults': { initial: 1 },
  'limit 3 (below initial 5)': { limit: 3 },
}

/** The debug log of Postfix 3.7.11, S-76: vectors/qmgr-concurrency-feedback.txt. */
function recordings() {
  const url = new URL('../vectors/qmgr-concurrency-feedback.txt', import.meta.url)
  const sections = readFileSync(url, 'utf8').split(/^## /m).slice(1)
  return sections.map((section) => {
    const [, title, events] = /^(.*) \| .*: ([of]+)$/m.exec(section) ?? []
    const lines = section.matchAll(
      /queue z\.tst: limit \S+ window (\S+) success (\S+) failure (\S+) fail_cohorts (\S+)/g,
    )
    return {
      title: title!,
      settings: RECORDED[title!]!,
      events: events!,
      windows: Array.from(lines, (line) => line.slice(1).map(Number)),
    }
  })
}
