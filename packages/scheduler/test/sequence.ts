import {
  type Activation,
  type Delivery,
  type PreemptiveLimits,
  type PreemptiveOptions,
  PreemptiveScheduler,
  parseFeedback,
  type RoundRobinOptions,
  RoundRobinScheduler,
  type Scheduler,
} from '../src/index.ts'

const ONE = parseFeedback('1')!

export const LIMITS: PreemptiveLimits = {
  initial: 5,
  limit: 20,
  positive: ONE,
  negative: ONE,
  failedCohortLimit: 1,
  processLimit: 0,
  slotCost: 5,
  slotLoan: 3,
  slotDiscount: 50,
  minimumSlots: 3,
  destinationRecipientLimit: 1,
  recipientLimit: 20_000,
  extraRecipientLimit: 1000,
  recipientRefillLimit: 100,
  recipientRefillDelayMs: 5000,
}

export const OPTIONS: PreemptiveOptions & RoundRobinOptions = {
  destinationRetryMs: 300_000,
  transportRetryMs: 60_000,
  maxDestinations: 40_000,
  messageRecipientLimit: 20_000,
  messageRecipientMinimum: 10,
  fudgeFactor: 100,
}

/** What the tests put in for a message: its name, and where each recipient that is left goes. */
export interface Mail {
  readonly name: string
  readonly to: string[]
}

export type MailScheduler = Scheduler<Mail, string>

export function create(
  limits: Partial<PreemptiveLimits> = {},
  options: Partial<PreemptiveOptions> = {},
): MailScheduler {
  return new PreemptiveScheduler({ ...OPTIONS, ...options }, () => ({ ...LIMITS, ...limits }))
}

export function createRoundRobin(
  limits: Partial<PreemptiveLimits> = {},
  options: Partial<RoundRobinOptions> = {},
): MailScheduler {
  return new RoundRobinScheduler({ ...OPTIONS, ...options }, () => ({ ...LIMITS, ...limits }))
}

/** A message of which all recipients are in memory at once. */
export function arrive(
  scheduler: MailScheduler,
  name: string,
  to: readonly string[],
  nowMs = 0,
): Activation<Mail, string> {
  const activation = scheduler.open({ name, to: [] }, 0, nowMs)
  for (const destination of to) {
    scheduler.add(activation, { transport: 'smtp', destination }, destination, nowMs)
  }
  return activation
}

/** `count` next hops that nothing else goes to. */
export function distinct(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`)
}

/** The next delivery; decisions to read are obeyed at once. */
export function nextDelivery(
  scheduler: MailScheduler,
  nowMs: number,
  onRead: (name: string, count: number) => void = () => {},
): Delivery<Mail, string> | undefined {
  for (;;) {
    const decision = scheduler.next(nowMs)
    if (decision?.kind !== 'read') return decision
    const { activation, limit } = decision
    const { name, to } = activation.message
    const batch = to.splice(0, limit)
    onRead(name, batch.length)
    for (const destination of batch) {
      scheduler.add(activation, { transport: 'smtp', destination }, destination, nowMs)
    }
    scheduler.loaded(activation, to.length, nowMs)
  }
}

/** Runs of letters, as in the specification: `A3 B1 A12`. */
export function runs(order: readonly string[]): string {
  const text: string[] = []
  for (let i = 0; i < order.length; ) {
    const from = i
    while (i < order.length && order[i] === order[from]) i++
    text.push(`${order[from]}${i - from}`)
  }
  return text.join(' ')
}

/** One process, all with next hops of their own; `arrivals` join during that delivery. */
export function sequence(
  scheduler: MailScheduler,
  sizes: readonly (readonly [name: string, count: number, during?: number])[],
): string {
  const order: string[] = []
  const admit = () => {
    for (const [name, count, during = 0] of sizes) {
      if (during === order.length) arrive(scheduler, name, distinct(name, count))
    }
  }
  admit()
  for (let one = nextDelivery(scheduler, 0); one; one = nextDelivery(scheduler, 0)) {
    order.push(one.activation.message.name[0]!)
    admit()
    scheduler.finish(one, { kind: 'answered' }, 0)
  }
  return runs(order)
}
