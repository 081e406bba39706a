import { expect, it } from 'vitest'

import { VirtualClock } from './index.ts'

it('fires timers in order of time, then of creation, and stops at the given time', async () => {
  const clock = new VirtualClock(1000)
  const fired: string[] = []
  clock.after(20, () => fired.push('late'))
  clock.after(10, () => fired.push('first'))
  clock.after(10, () => fired.push('second'))
  clock.after(31, () => fired.push('beyond'))
  await clock.run(1030)
  expect(fired).toEqual(['first', 'second', 'late'])
  expect(clock.now()).toBe(1030)
})

it('does not fire what was cancelled, also when a timer cancels another', async () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  const cancel = clock.after(10, () => fired.push('cancelled'))
  clock.after(5, () => cancel())
  await clock.run(100)
  expect(fired).toEqual([])
})

it('runs timers that timers start, and the promises between them', async () => {
  const clock = new VirtualClock()
  const wait = (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve))
  const seen: number[] = []
  const looping = (async () => {
    for (let round = 0; round < 3; round++) {
      await wait(10)
      seen.push(clock.now())
    }
  })()
  await clock.run(30)
  await looping
  expect(seen).toEqual([10, 20, 30])
})
