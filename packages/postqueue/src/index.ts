export { PostqueueError, type PostqueueErrorCode } from './errors.ts'
export { serveFlush } from './flush-protocol.ts'
export { flushMessage, flushQueue, flushSite } from './flush-queue.ts'
export { jsonLine } from './json-listing.ts'
export {
  type ListingOptions,
  type ListingPorts,
  listQueue,
  type ParseStatusLog,
} from './list-queue.ts'
export type { ListedMessage, ListedRecipient } from './listed-message.ts'
export type { FlushSystem, MailSystem, PostqueuePorts, QueueUser } from './ports.ts'
export { runMailq, runPostqueue } from './run-postqueue.ts'
export { type QueueViewPorts, runQueue } from './run-queue.ts'
export { decodeListing, encodeListing } from './showq-protocol.ts'
export { type ListingFormat, TextListing } from './text-listing.ts'
