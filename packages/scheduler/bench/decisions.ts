import {
  type PreemptiveLimits,
  PreemptiveScheduler,
  parseFeedback,
  RoundRobinScheduler,
} from '../src/index.ts'

// Decisions per second of CPU, garbage collection included, with more and more destinations, each
// with mail that waits:
// node --conditions=@posthouse/source bench/decisions.ts

const DECISIONS = 1_000_000
const ENTRIES = 200_000 // So many wait all the time, whatever the number of destinations.
const IN_FLIGHT = 100
const SINGLES = 0.9 // Share of messages with one recipient; the others have many.
const MANY = 50

const one = parseFeedback('1') ?? { base: 1, dividedByWindow: false }
const limits: PreemptiveLimits = {
  initial: 5,
  limit: 20,
  positive: one,
  negative: one,
  failedCohortLimit: 1,
  processLimit: IN_FLIGHT,
  slotCost: 5,
  slotLoan: 3,
  slotDiscount: 50,
  minimumSlots: 3,
  destinationRecipientLimit: 50,
  recipientLimit: 20_000,
  extraRecipientLimit: 1000,
  recipientRefillLimit: 100,
  recipientRefillDelayMs: 5000,
}
const options = {
  destinationRetryMs: 300_000,
  transportRetryMs: 60_000,
  maxDestinations: 40_000,
  messageRecipientLimit: 20_000,
  messageRecipientMinimum: 10,
  fudgeFactor: 100,
}
const answered = { kind: 'answered' } as const

interface Machine {
  readonly size: number
  /** Queues some more, for some destinations. */
  refill(nowMs: number): void
  next(nowMs: number): unknown
  finish(delivery: unknown, nowMs: number): void
}

function roundRobin(destinations: readonly string[]): Machine {
  const scheduler = new RoundRobinScheduler<number, number>(options, () => limits)
  let at = 0
  return {
    get size() {
      return scheduler.size
    },
    refill(nowMs) {
      at = (at + 1) % destinations.length
      const to = { transport: 'smtp', destination: destinations[at]! } // Below the length.
      scheduler.add(scheduler.open(at, 0, nowMs), to, at, nowMs)
    },
    next: (nowMs) => scheduler.next(nowMs),
    finish: (delivery, nowMs) => {
      const begun = delivery as NonNullable<ReturnType<typeof scheduler.next>>
      if (begun.kind === 'deliver') scheduler.finish(begun, answered, nowMs)
    },
  }
}

function preemptive(destinations: readonly string[]): Machine {
  const scheduler = new PreemptiveScheduler<number, number>(options, () => limits)
  let at = 0
  let messages = 0
  return {
    get size() {
      return scheduler.size
    },
    refill(nowMs) {
      messages += 1
      const activation = scheduler.open(messages, 0, nowMs)
      const count = messages % 10 < 10 * SINGLES ? 1 : MANY
      for (let i = 0; i < count; i++) {
        at = (at + 1) % destinations.length
        const to = { transport: 'smtp', destination: destinations[at]! } // Below the length.
        scheduler.add(activation, to, i, nowMs)
      }
    },
    next: (nowMs) => scheduler.next(nowMs),
    finish: (delivery, nowMs) => {
      const begun = delivery as NonNullable<ReturnType<typeof scheduler.next>>
      if (begun.kind === 'deliver') scheduler.finish(begun, answered, nowMs)
    },
  }
}

/** Everything that one decision costs: to queue the entry, to choose it, and to end it. */
function measure(machine: Machine): number {
  const entries = ENTRIES
  let nowMs = 0
  while (machine.size < entries) machine.refill(0)
  const inFlight: unknown[] = []
  const before = process.cpuUsage()
  for (let made = 0; made < DECISIONS; ) {
    nowMs += 1
    while (machine.size < entries) machine.refill(nowMs)
    for (let one = machine.next(nowMs); one !== undefined; one = machine.next(nowMs)) {
      inFlight.push(one)
      made += 1
    }
    for (const delivery of inFlight.splice(0)) machine.finish(delivery, nowMs)
  }
  const { user, system } = process.cpuUsage(before)
  return (DECISIONS / (user + system)) * 1_000_000
}

console.log(
  `${'destinations'.padStart(12)} ${'round robin'.padStart(12)} ${'preemptive'.padStart(12)}`,
)
for (const count of [10, 1000, 100_000]) {
  const destinations = Array.from({ length: count }, (_, i) => `host${i}.example.com`)
  const rates = [roundRobin, preemptive].map((create) => measure(create(destinations)))
  const cells = rates.map((rate) => `${Math.round(rate / 1000)} k/s`.padStart(12))
  console.log(`${String(count).padStart(12)} ${cells.join(' ')}`)
}
