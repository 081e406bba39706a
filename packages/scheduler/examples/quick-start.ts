import { parseFeedback, RoundRobinScheduler } from '@posthouse/scheduler'

const feedback = parseFeedback('1') ?? { base: 1, dividedByWindow: false }
const scheduler = new RoundRobinScheduler<string>(
  { destinationRetryMs: 300_000, transportRetryMs: 60_000, maxDestinations: 40_000 },
  () => ({
    initial: 1,
    limit: 20,
    positive: feedback,
    negative: feedback,
    failedCohortLimit: 1,
    processLimit: 100,
  }),
)

let nowMs = 0
for (const message of ['newsletter 1', 'newsletter 2', 'newsletter 3']) {
  scheduler.add('smtp', 'example.com', message, nowMs)
}
scheduler.add('smtp', 'example.org', 'a letter', nowMs)

const first = scheduler.next(nowMs)
const second = scheduler.next(nowMs)
console.log(`now: ${first?.job} and ${second?.job}; then ${scheduler.next(nowMs)?.job}`)

nowMs = 30_000
if (first !== undefined) {
  const blamed = { kind: 'blamed', status: '4.4.1', reason: 'connection timed out' } as const
  const died = scheduler.finish(first, blamed, nowMs)
  console.log(`${died?.status} ${died?.reason}: ${died?.jobs.join(', ')}`)
}
console.log(`back in ${((scheduler.nextWakeMs() ?? 0) - nowMs) / 1000} s`)
