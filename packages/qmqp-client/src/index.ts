export { encodeQmqpRequest, type QmqpSubmission } from './request.ts'
export { type QmqpServerAddress, type SubmitOptions, submitMessage } from './submit-message.ts'
export type { QmqpVerdict } from './verdict.ts'
