export type { AddressMap } from './address-map.ts'
export type { AddressClass, AddressMappingOptions, CanonicalMap } from './address-mapping.ts'
export { Cleanup, type CleanupOverrides } from './cleanup.ts'
export type { CleanupOptions } from './cleanup-options.ts'
export type { CleanupClient, CleanupOrigin, CleanupSubmitter } from './client.ts'
export type { CheckTable, ContentChecks } from './content-checks.ts'
export { localZoneNames, MailDates } from './mail-dates.ts'
export type { Masquerade } from './masquerade.ts'
export type {
  CleanupMessage,
  CleanupPorts,
  DraftQueue,
  ExpandedRecipient,
  MessageDraft,
  MessageStore,
  Submission,
  TargetQueue,
} from './ports.ts'
export type { CleanupRecipient, ReceivedRecipient } from './received-recipient.ts'
export type { CleanupRejection, CleanupResult, CleanupStatus } from './result.ts'
export { qmqpReply } from './result.ts'
export type { CleanupTransaction } from './transaction.ts'
export type { VirtualAliases } from './virtual-aliases.ts'
