import {
  type PreemptiveLimits,
  type PreemptiveOptions,
  parseFeedback,
  type RoundRobinOptions,
} from '@posthouse/scheduler'

const one = parseFeedback('1') ?? { base: 1, dividedByWindow: false }

/** Postfix's defaults for one transport. */
export const limits: PreemptiveLimits = {
  initial: 5,
  limit: 20,
  positive: one,
  negative: one,
  failedCohortLimit: 1,
  processLimit: 100,
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

/** And for all of them. */
export const options: PreemptiveOptions & RoundRobinOptions = {
  destinationRetryMs: 300_000,
  transportRetryMs: 60_000,
  maxDestinations: 40_000,
  messageRecipientLimit: 20_000,
  messageRecipientMinimum: 10,
  fudgeFactor: 100,
}
