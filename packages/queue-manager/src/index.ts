export { defaultOptions, defaultTransportSettings } from './defaults.ts'
export type { QueueManagerOptions, TransportSettings } from './options.ts'
export type {
  DeliveryAgent,
  DeliveryReport,
  DeliveryRequest,
  MessageStore,
  NoticeRequest,
  NoticeService,
  QueueManagerPorts,
  Resolution,
  ResolveRequest,
} from './ports.ts'
export { QueueManager } from './queue-manager.ts'
