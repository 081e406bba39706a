export type { Activation } from './activation.ts'
export { ConcurrencyWindow, type WindowOptions } from './concurrency-window.ts'
export type { Decision, Delivery, Read, SuspendedEntries } from './decision.ts'
export type { DeliveryResult } from './delivery-result.ts'
export type { Suspension } from './destination.ts'
export { type Feedback, parseFeedback } from './feedback.ts'
export { Inflow } from './inflow.ts'
export type { Crowd, WindowChange } from './observation.ts'
export {
  type PreemptiveLimits,
  type PreemptiveOptions,
  PreemptiveScheduler,
} from './preemptive-scheduler.ts'
export { type RoundRobinOptions, RoundRobinScheduler } from './round-robin-scheduler.ts'
export { ScanFlags, type ScanRequest } from './scan-flags.ts'
export { type ScannedQueue, ScanTurns } from './scan-turns.ts'
export type { OpenOptions, Scheduler } from './scheduler.ts'
export type { TransportLimits } from './transport.ts'
export type { SchedulerOptions } from './transport-table.ts'
export { readTrigger, type Trigger } from './trigger.ts'
