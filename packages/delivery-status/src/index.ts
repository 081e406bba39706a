export type {
  BouncedOutcome,
  DeferredOutcome,
  DeliveryOutcome,
  OutcomeFields,
  SentOutcome,
} from './outcome.ts'
export type { StatusClass, StatusReason } from './status.ts'
export { isStatus, parseStatus, splitReason, statusOfClass, withClass } from './status.ts'
