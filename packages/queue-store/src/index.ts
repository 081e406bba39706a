export { parseAttribute } from './attribute.ts'
export { ContentWriter } from './content-writer.ts'
export type { SentNotice } from './envelope-edit.ts'
export { QueueFileError, type QueueFileErrorCode, type QueueFileErrorDetails } from './errors.ts'
export type {
  FileSystemDirectory,
  FileSystemEntry,
  FileSystemStatus,
  QueueFileSystem,
} from './file-system.ts'
export type {
  EnvelopeRecipient,
  MessageEnvelope,
  NewContent,
  NewEnvelope,
  NewMessage,
  NewRecipient,
  RecipientBatch,
  UnreadRecipients,
} from './message.ts'
export { nodeFileSystem } from './node-file-system.ts'
export type { QueueFileDraft } from './queue-file-draft.ts'
export {
  decodeInode,
  decodeQueueId,
  encodeLongId,
  encodeShortId,
  hashKey,
  isQueueFileName,
  type QueueIdParts,
} from './queue-id.ts'
export type { MessageQueue, QueueName, StatusLogKind } from './queue-name.ts'
export { type HashingOptions, QueuePaths } from './queue-path.ts'
export { QueueStore, type QueueStoreOptions } from './queue-store.ts'
export type { QueueListener, QueueWatch } from './queue-watch.ts'
export { encodeRecord, RecordType, recordName } from './record.ts'
export {
  BadRecordError,
  type QueueRecord,
  type ReadBytes,
  RecordReader,
  type RecordReaderOptions,
} from './record-reader.ts'
export {
  type FoundName,
  isReady,
  type QueueEntry,
  type ReadyCheck,
  scanDirectory,
} from './scan.ts'
export {
  formatSizeRecord,
  parseSendOptions,
  parseSizeRecord,
  type SizeRecord,
  type SizeRecordProblem,
} from './size-record.ts'
export { parseTimeMs } from './time-record.ts'
