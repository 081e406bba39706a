import { parseFeedback, RoundRobinScheduler } from '@posthouse/scheduler'

const one = parseFeedback('1') ?? { base: 1, dividedByWindow: false }
const window = { initial: 1, limit: 20, positive: one, negative: one, failedCohortLimit: 1 }
const scheduler = new RoundRobinScheduler<string>(
  { destinationRetryMs: 300_000, transportRetryMs: 60_000, maxDestinations: 40_000 },
  () => ({ ...window, processLimit: 100 }),
)
for (const message of ['newsletter 1', 'newsletter 2', 'newsletter 3']) {
  scheduler.add('smtp', 'example.com', message, 0)
}
scheduler.add('smtp', 'example.org', 'a letter', 0)
const first = scheduler.next(0)
const second = scheduler.next(0)
console.log(`now: ${first?.job} and ${second?.job}; then ${scheduler.next(0)?.job}`)
if (first !== undefined) scheduler.finish(first, { kind: 'answered' }, 1000)
console.log(`a second later: ${scheduler.next(1000)?.job} and ${scheduler.next(1000)?.job}`)
