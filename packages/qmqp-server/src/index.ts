export type { QmqpClientAddress, QmqpClientIdentity } from './client-identity.ts'
export { createClientNameLookup, type HostNameResolver } from './client-name.ts'
export type { QmqpMessage, QmqpServerOptions } from './options.ts'
export type { QmqpReply } from './reply.ts'
export {
  type QmqpReadFailure,
  type QmqpReadPhase,
  type QmqpRequest,
  type QmqpRequestEnd,
  type QmqpRequestLimits,
  QmqpRequestReader,
} from './request-reader.ts'
export { createQmqpServer, type QmqpServer } from './server.ts'
