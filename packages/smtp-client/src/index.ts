export type { Connect } from './connection.ts'
export type { ClientTable, SmtpContentChecks } from './content-checks.ts'
export { ContentEncoder } from './content-encoder.ts'
export type { SessionErrorClass } from './failure.ts'
export type { GenericMap } from './generic-mapping.ts'
export type { LmtpOptions } from './lmtp.ts'
export type { SmtpClientOptions } from './options.ts'
export type { ReplyEvents, SmtpReply } from './reply.ts'
export { ReplyReader } from './reply.ts'
export type { ReplyFilter } from './reply-filter.ts'
export type {
  MessageOrigin,
  SessionNotice,
  SmtpDelivery,
  SmtpRecipient,
  SmtpReport,
} from './request.ts'
export type { PasswordTable, SaslOptions } from './sasl/sasl-options.ts'
export { SmtpSession } from './session.ts'
export type { SessionCache } from './session-cache.ts'
export type { SmtpClientPorts } from './smtp-client.ts'
export { SmtpClient } from './smtp-client.ts'
export { isCipherGrade } from './tls/cipher-list.ts'
export type { TlsaSource } from './tls/dane-policies.ts'
export type { TlsaDigest } from './tls/dane-terms.ts'
export { isProtocolList } from './tls/protocol-list.ts'
export type { RequireTlsPolicy } from './tls/require-tls.ts'
export { parseRequireTlsAction } from './tls/require-tls.ts'
export type { RequireTlsAction } from './tls/require-tls-check.ts'
export type { TlsLevel } from './tls/tls-level.ts'
export { parseTlsLevel } from './tls/tls-level.ts'
export type { TlsLogClass, TlsLogClasses } from './tls/tls-log.ts'
export { parseTlsLogLevel } from './tls/tls-log.ts'
export type { DaneOptions, TlsOptions, TlsTable } from './tls/tls-options.ts'
