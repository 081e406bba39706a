import { RoundRobinScheduler } from '@posthouse/scheduler'

import { limits, options } from './limits.ts'

// Eight messages for a host that is down: five go at once, the others wait for their results.
const scheduler = new RoundRobinScheduler<number>(options, () => limits)
for (let message = 1; message <= 8; message++) scheduler.add('smtp', 'down.example', message, 0)

const attempts = []
for (let one = scheduler.next(0); one !== undefined; one = scheduler.next(0)) attempts.push(one)
for (const attempt of attempts) {
  const result = { kind: 'blamed', status: '4.4.1', reason: 'connection timed out' } as const
  const died = scheduler.finish(attempt, result, 30_000)
  const effect = died === undefined ? '' : `: dead, defer ${died.jobs.join(', ')} untried`
  console.log(`message ${attempt.job} failed${effect}`)
}
for (const nowMs of [31_000, 330_000]) {
  const dead = scheduler.add('smtp', 'down.example', 9, nowMs)
  console.log(`message 9 at ${nowMs / 1000} s: ${dead?.reason ?? 'queued, to be tried'}`)
}
