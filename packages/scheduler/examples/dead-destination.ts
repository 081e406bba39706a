import { RoundRobinScheduler } from '@posthouse/scheduler'

import { limits, options } from './limits.ts'

// Eight messages for a host that is down: five go at once, the others wait for their results.
const scheduler = new RoundRobinScheduler<number, string>(options, () => limits)
const send = (message: number, nowMs: number) => {
  const to = { transport: 'smtp', destination: 'down.example' }
  return scheduler.add(scheduler.open(message, 0, nowMs), to, 'b@down.example', nowMs)
}
for (let message = 1; message <= 8; message++) send(message, 0)

const attempts = []
for (let one = scheduler.next(0); one?.kind === 'deliver'; one = scheduler.next(0)) {
  attempts.push(one)
}
const failures = attempts.map((attempt) => {
  const result = { kind: 'blamed', status: '4.4.1', reason: 'connection timed out' } as const
  const died = scheduler.finish(attempt, result, 30_000)
  const waited = died?.entries.map(({ activation }) => activation.message).join(', ')
  const effect = waited === undefined ? '' : ` (dead: defer ${waited} untried)`
  return `${attempt.activation.message}${effect}`
})
console.log(`failed: ${failures.join(', ')}`)
for (const nowMs of [31_000, 330_000]) {
  const dead = send(9, nowMs)
  console.log(`message 9 at ${nowMs / 1000} s: ${dead?.reason ?? 'queued, to be tried'}`)
}
