export { ConcurrencyWindow, type WindowOptions } from './concurrency-window.ts'
export type { Suspension } from './destination.ts'
export { type Feedback, parseFeedback } from './feedback.ts'
export {
  type DeliveryResult,
  RoundRobinScheduler,
  type SchedulerOptions,
  type Selection,
  type Suspended,
} from './round-robin-scheduler.ts'
export type { TransportLimits } from './transport.ts'
