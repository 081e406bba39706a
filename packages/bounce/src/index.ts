export {
  type BounceTemplate,
  type BounceTemplateKind,
  type BounceTemplates,
  bounceTemplateKinds,
} from './bounce-template.ts'
export { builtInTemplates } from './built-in-templates.ts'
export {
  composeNotifications,
  type Notification,
  type NotificationPlan,
  type NotificationRequest,
} from './compose-notifications.ts'
export {
  BounceTemplateError,
  type BounceTemplateErrorCode,
  type BounceTemplateErrorDetails,
} from './errors.ts'
export { type ExpandedTemplate, expandBounceTemplate } from './expand-template.ts'
export {
  type ExpandedTemplatesText,
  formatBounceTemplates,
  formatExpandedBounceTemplates,
} from './format-templates.ts'
export type { NotificationOptions } from './notification-options.ts'
export type { OriginalMessage } from './original-message.ts'
export {
  composeSessionNotice,
  type SessionNotice,
  type SessionNoticeOptions,
  type SessionNoticeRequest,
} from './session-notice.ts'
export {
  type BounceTemplateRequest,
  type ShownBounceTemplates,
  showBounceTemplates,
} from './show-templates.ts'
export { formatStatusLogEntry, type StatusLogEntry } from './status-log-entry.ts'
export {
  type ParsedStatusLog,
  parseStatusLog,
  type StatusLogKind,
  type StatusLogRecord,
} from './status-log-reader.ts'
export { type ParsedBounceTemplates, parseBounceTemplates } from './template-file.ts'
export type { TemplateValues } from './template-value.ts'
