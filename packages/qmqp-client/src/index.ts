export { encodeQmqpRequest, type QmqpSubmission } from './request.ts'
export { type QmqpServerAddress, type SubmitOptions, submitMessage } from './submit-message.ts'
export {
  type QmqpAttempt,
  type QmqpFailover,
  type QmqpFailoverVerdict,
  type SubmitToOneOfOptions,
  submitToOneOf,
} from './submit-to-one-of.ts'
export type { QmqpClientPhase, QmqpVerdict } from './verdict.ts'
