import type { BounceTemplates } from './bounce-template.ts'
import type { TemplateValues } from './template-value.ts'

/** What the configuration says about notifications. */
export interface NotificationOptions {
  /** Those of `bounce_template_file`, or the built-in ones. */
  readonly templates: BounceTemplates
  /** For the texts of templates; its `smtputf8` counts for all of a notification. */
  readonly templateValues: TemplateValues
  readonly myhostname: string
  /** `mail_name`: part of the names of fields. */
  readonly mailName: string
  /** `notify_classes`, as far as they are about messages: who else is told. */
  readonly notifyClasses: ReadonlySet<'bounce' | '2bounce' | 'delay'>
  /** `double_bounce_sender`: a local part, at `myhostname`. */
  readonly doubleBounceSender: string
  /** `bounce_notice_recipient`, in internal form. */
  readonly bounceNoticeRecipient: string
  /** `2bounce_notice_recipient`, in internal form. */
  readonly doubleBounceNoticeRecipient: string
  /** `delay_notice_recipient`, in internal form. */
  readonly delayNoticeRecipient: string
  /** `bounce_size_limit` in bytes: of a larger original only headers come back. 0: no limit. */
  readonly bounceSizeLimit: number
  /** `header_from_format` */
  readonly headerFromFormat: 'standard' | 'obsolete'
  /** `enable_threaded_bounces`: refer to the Message-ID of the original. */
  readonly threadedBounces: boolean
  /** `requiretls_redact_dsn`: of REQUIRETLS mail only headers come back, and without it. */
  readonly redactRequireTls: boolean
  /** `verp_delimiter_filter` */
  readonly verpDelimiterFilter: string
  /** A time in ms since 1970 as RFC 5322 3.3 wants it. */
  readonly formatDate: (timeMs: number) => string
}
