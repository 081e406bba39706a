export type { Activation } from './activation.ts'
export { ConcurrencyWindow, type WindowOptions } from './concurrency-window.ts'
export type { DeliveryResult } from './delivery-result.ts'
export type { Suspension } from './destination.ts'
export { type Feedback, parseFeedback } from './feedback.ts'
export {
  type Decision,
  type Delivery,
  type PreemptiveLimits,
  type PreemptiveOptions,
  PreemptiveScheduler,
  type Read,
  type SuspendedEntries,
} from './preemptive-scheduler.ts'
export { RoundRobinScheduler, type Selection, type Suspended } from './round-robin-scheduler.ts'
export type { TransportLimits } from './transport.ts'
export type { SchedulerOptions } from './transport-table.ts'
