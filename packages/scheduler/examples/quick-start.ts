import { type Decision, parseFeedback, RoundRobinScheduler } from '@posthouse/scheduler'

const one = parseFeedback('1') ?? { base: 1, dividedByWindow: false }
const window = { initial: 1, limit: 20, positive: one, negative: one, failedCohortLimit: 1 }
const dead = { destinationRetryMs: 300_000, transportRetryMs: 60_000, maxDestinations: 40_000 }
const scheduler = new RoundRobinScheduler<string, string>(
  { ...dead, messageRecipientLimit: 20_000, fudgeFactor: 100 },
  () => ({ ...window, processLimit: 100, destinationRecipientLimit: 50 }),
)
for (const message of ['newsletter 1', 'newsletter 2', 'newsletter 3', 'a letter']) {
  const destination = message === 'a letter' ? 'example.org' : 'example.com'
  const activation = scheduler.open(message, 0, 0)
  scheduler.add(activation, { transport: 'smtp', destination }, `user@${destination}`, 0)
}
const name = (decision: Decision<string, string> | undefined) => decision?.activation.message
const [first, second] = [scheduler.next(0), scheduler.next(0)]
console.log(`now: ${name(first)} and ${name(second)}; then ${name(scheduler.next(0))}`)
if (first?.kind === 'deliver') scheduler.finish(first, { kind: 'answered' }, 1000)
console.log(`a second later: ${name(scheduler.next(1000))} and ${name(scheduler.next(1000))}`)
