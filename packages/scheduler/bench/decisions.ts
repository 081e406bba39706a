import {
  type Delivery,
  type PreemptiveLimits,
  type PreemptiveOptions,
  PreemptiveScheduler,
  parseFeedback,
  type RoundRobinOptions,
  RoundRobinScheduler,
  type Scheduler,
} from '../src/index.ts'

// How many decisions a second, with more and more destinations that all have mail waiting:
// node --conditions=@posthouse/source bench/decisions.ts
//
// One decision is all that becomes of one delivery: its recipients are added, `next` chooses it,
// the recipients are looked at, and `finish` ends it. Both schedulers have the same messages, of
// one recipient (nine in ten) or of 50. Seconds are those of the processor, with all that garbage
// collection takes on any thread: they depend less on what else the machine does.

const DECISIONS = 1_000_000
const WAITING = 200_000 // Entries, all the time, whatever the number of destinations.
const IN_FLIGHT = 100
const MANY = 50
const ROUNDS = 3
const START_MS = 1_800_000_000_000

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
const options: PreemptiveOptions & RoundRobinOptions = {
  destinationRetryMs: 300_000,
  transportRetryMs: 60_000,
  maxDestinations: 40_000,
  messageRecipientLimit: 20_000,
  messageRecipientMinimum: 10,
  fudgeFactor: 100,
}

/** Takes messages in until enough waits. */
function createRefill(
  scheduler: Scheduler<number, number>,
  destinations: readonly string[],
): (nowMs: number) => void {
  let at = 0
  let messages = 0
  return (nowMs) => {
    while (scheduler.size < WAITING) {
      messages += 1
      const activation = scheduler.open(messages, 0, nowMs)
      for (let left = messages % 10 === 0 ? MANY : 1; left > 0; left--) {
        at = (at + 1) % destinations.length
        const to = { transport: 'smtp', destination: destinations[at]! } // Below the length.
        scheduler.add(activation, to, left, nowMs)
      }
    }
  }
}

/** Decisions per second of the processor. */
function measure(scheduler: Scheduler<number, number>, destinations: readonly string[]): number {
  const refill = createRefill(scheduler, destinations)
  let nowMs = START_MS
  refill(nowMs)
  const inFlight: Delivery<number, number>[] = []
  let delivered = 0
  const before = process.cpuUsage()
  for (let made = 0; made < DECISIONS; made += inFlight.length) {
    nowMs += 1
    refill(nowMs)
    inFlight.length = 0
    for (let begun = scheduler.next(nowMs); begun; begun = scheduler.next(nowMs)) {
      if (begun.kind !== 'deliver') continue
      inFlight.push(begun)
      delivered += begun.recipients.length
    }
    for (const delivery of inFlight) scheduler.finish(delivery, { kind: 'answered' }, nowMs)
  }
  const { user, system } = process.cpuUsage(before)
  if (delivered < DECISIONS) throw new Error(`${delivered} recipients in ${DECISIONS} deliveries`)
  return (DECISIONS / (user + system)) * 1_000_000
}

const schedulers = {
  'round robin': () => new RoundRobinScheduler<number, number>(options, () => limits),
  preemptive: () => new PreemptiveScheduler<number, number>(options, () => limits),
}

console.log('decisions per second, median of three (least, most)')
for (const count of [10, 1000, 100_000]) {
  const destinations = Array.from({ length: count }, (_, i) => `host${i}.example.com`)
  for (const [name, create] of Object.entries(schedulers)) {
    const rates = Array.from({ length: ROUNDS }, () => measure(create(), destinations))
    const [least, median, most] = rates.sort((a, b) => a - b).map((rate) => Math.round(rate / 1000))
    const title = `${count} destinations`.padStart(20)
    console.log(`${title}, ${name.padEnd(12)} ${median} k/s (${least}, ${most})`)
  }
}
