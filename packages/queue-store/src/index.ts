export { ContentWriter } from './content-writer.ts'
export { QueueFileError, type QueueFileErrorCode, type QueueFileErrorDetails } from './errors.ts'
export type {
  FileSystemDirectory,
  FileSystemEntry,
  FileSystemStatus,
  QueueFileSystem,
} from './file-system.ts'
export type { EnvelopeRecipient, MessageEnvelope, NewMessage, NewRecipient } from './message.ts'
export { nodeFileSystem } from './node-file-system.ts'
export type { QueueFileDraft } from './queue-file-draft.ts'
export { isQueueFileName } from './queue-id.ts'
export type { MessageQueue, StatusLogKind } from './queue-name.ts'
export { QueueStore, type QueueStoreOptions } from './queue-store.ts'
export type { QueueEntry } from './scan.ts'
