import { expect, it } from 'vitest'

import { START_MS, World } from '../test/harness.ts'

const DAY_S = 86_400
const DEFAULTS = { minimal: 300, maximal: 4000, scan: 300 }
const OLD = { minimal: 1000, maximal: 4000, scan: 1000 }

/** Mail that always fails: when it was tried, and when it was returned, in seconds of its age. */
async function attempts(
  { minimal, maximal, scan }: typeof DEFAULTS,
  seconds: number,
  phaseS = 0,
): Promise<{ ages: number[]; stamps: number[]; returned: number[] }> {
  const times = { minimalBackoffMs: minimal * 1000, maximalBackoffMs: maximal * 1000 }
  const here: World = new World((request) => here.outcomes(request, 'deferred'), {
    ...times,
    queueRunDelayMs: scan * 1000,
  })
  const returned: number[] = []
  const stamps: number[] = []
  // Before it arrives there is time for so much of the interval between scans.
  const arrivalMs = START_MS + (phaseS === 0 ? 0 : scan - phaseS) * 1000
  here.send = async () => {
    returned.push((here.clock.now() - arrivalMs) / 1000)
  }
  const manager = here.manager()
  await manager.start()
  await here.run((arrivalMs - START_MS) / 1000)
  manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }, 'incoming', arrivalMs))
  for (let second = 0; second < seconds; second += scan) {
    await here.run(scan)
    const file = here.store.files.get('Q')
    if (file?.queue === 'deferred') stamps.push((file.modifiedMs - arrivalMs) / 1000)
  }
  const ages = here.requests.map(({ handoffMs }) => (handoffMs - arrivalMs) / 1000)
  return { ages, stamps: [...new Set(stamps)], returned }
}

it.each([
  ['defaults', DEFAULTS, 0, [0, 300, 600, 1200, 2400, 4800, 9000, 13_200, 17_400], 108, 433_200],
  ['defaults', DEFAULTS, 150, [0, 450, 1050, 2250, 4650, 8850, 13_050], 107, 433_050],
  ['old defaults', OLD, 0, [0, 1000, 2000, 4000, 8000, 12_000], 111, 432_000],
])('O-18, X-1: %s, scans at %s + k', async (_, settings, phaseS, first, count, returnedS) => {
  const { ages, returned } = await attempts(settings, 5 * DAY_S + 5000, phaseS)
  expect(ages.slice(0, first.length)).toEqual(first)
  expect(ages).toHaveLength(count)
  expect(returned).toEqual([returnedS])
})

it('O-18, X-2: the time between attempts follows the age, a second ahead of the stamps', async () => {
  const { ages, stamps } = await attempts({ minimal: 4, maximal: 11, scan: 2 }, 44, 1)
  expect(stamps).toEqual([4, 7, 14, 24, 34, 44, 54])
  expect(ages).toEqual([0, 3, 7, 13, 23, 33, 43])
})

it('S-96: of minimal and maximal_backoff_time that contradict each other the minimum wins', async () => {
  const { ages } = await attempts({ minimal: 1000, maximal: 500, scan: 500 }, 3000)
  expect(ages).toEqual([0, 1000, 2000, 3000])
})
