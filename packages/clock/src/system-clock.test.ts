import { expect, it } from 'vitest'

import { systemClock } from './index.ts'

it('tells the time since 1970 in milliseconds', () => {
  const before = Date.now()
  expect(Math.abs(systemClock.now() - before)).toBeLessThan(60_000)
})

it('calls after the delay, and not when cancelled', async () => {
  const fired: string[] = []
  const cancel = systemClock.after(0, () => fired.push('cancelled'))
  cancel()
  const waiting = new Promise<void>((resolve) => {
    systemClock.after(1, () => {
      fired.push('called')
      resolve()
    })
  })
  const alive = setInterval(() => undefined, 1000) // Its own timers do not keep a process alive.
  await waiting
  clearInterval(alive)
  expect(fired).toEqual(['called'])
})
