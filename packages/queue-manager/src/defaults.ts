import type { QueueManagerOptions, TransportSettings } from './options.ts'

const FEEDBACK = { base: 1, dividedByWindow: false }
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** What a transport may do by default in Postfix 3.5 and later. */
export const defaultTransportSettings: TransportSettings = {
  initial: 5,
  limit: 20,
  positive: FEEDBACK,
  negative: FEEDBACK,
  failedCohortLimit: 1,
  processLimit: 100,
  destinationRecipientLimit: 50,
  destinationRateDelayMs: 0,
  transportRateDelayMs: 0,
  slotCost: 5,
  slotLoan: 3,
  slotDiscount: 50,
  minimumSlots: 3,
  recipientLimit: 20_000,
  extraRecipientLimit: 1000,
  recipientRefillLimit: 100,
  recipientRefillDelayMs: 5000,
}

/** The defaults of Postfix 3.5 and later, all but the name of the machine. */
export const defaultOptions: Omit<QueueManagerOptions, 'hostname'> = {
  scheduling: 'qmgr',
  messageActiveLimit: 20_000,
  messageRecipientLimit: 20_000,
  messageRecipientMinimum: 10,
  fudgeFactor: 100,
  pendingProbeLimit: 5000,
  helpfulWarnings: true,
  clogWarnMs: 5 * MINUTE_MS,
  feedbackDebug: false,
  inflowTokens: 100,
  minimalBackoffMs: 5 * MINUTE_MS,
  maximalBackoffMs: 4_000_000,
  maximalQueueLifetimeMs: 5 * DAY_MS,
  bounceQueueLifetimeMs: 5 * DAY_MS,
  queueRunDelayMs: 5 * MINUTE_MS,
  transportRetryMs: MINUTE_MS,
  daemonTimeoutMs: 300 * MINUTE_MS,
  deferTransports: [],
  defaultFilterNexthop: '',
  recipientDelimiter: '',
  delayLoggingResolutionLimit: 2,
  infoLogAddressFormat: 'external',
  bounceLogCompatibility: true,
  softBounceTransports: new Set(),
  confirmDelayCleared: false,
  disableVerpBounces: false,
  doubleBounceSender: 'double-bounce',
  smtputf8: true,
  transport: () => defaultTransportSettings,
}
