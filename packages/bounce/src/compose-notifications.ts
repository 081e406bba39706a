import type { BounceTemplateKind } from './bounce-template.ts'
import { builtInTemplates } from './built-in-templates.ts'
import { doubleBounceAddress } from './double-bounce.ts'
import { BounceTemplateError } from './errors.ts'
import { type ExpandedTemplate, expandBounceTemplate } from './expand-template.ts'
import type { NotificationOptions } from './notification-options.ts'
import { notificationEncoding, notificationText } from './notification-text.ts'
import { inheritedSendOptions, type OriginalMessage, readSendOptions } from './original-message.ts'
import type { StatusLogRecord } from './status-log-reader.ts'
import { verpAddress } from './verp-address.ts'

// RFC 3461 NOTIFY, as in F-39.
const NOTIFY_FAILURE = 4
const NOTIFY_DELAY = 8
// Trace flags of F-40.
const VERIFY_OR_VERBOSE = 512 | 1024
const UNAVAILABLE: StatusLogRecord = {
  recipient: '(recipient address unavailable)',
  status: '5.0.0',
  action: 'failed',
  reason: '(error report unavailable)',
}

/** What notifications are to be made of. */
export interface NotificationRequest {
  /**
   * `failure`: recipients that will not get the message. `delay`: those still waiting. `trace`: a
   * report that was asked for.
   */
  readonly kind: 'failure' | 'delay' | 'trace'
  /** Of the `bounce`, `defer` or `trace` log; undefined: there is no such log. */
  readonly entries: readonly StatusLogRecord[] | undefined
  readonly original: OriginalMessage
  /** In ms since 1970. */
  readonly nowMs: number
}

/** A message to be sent through cleanup, without any NOTIFY or VERP of its own (F-68). */
export interface Notification {
  /** Besides one for the sender: when it cannot be queued, that is only logged (F-67). */
  readonly isCopy: boolean
  /** Internal form: empty, or the double bounce address. */
  readonly sender: string
  /** Internal form. */
  readonly recipient: string
  readonly encoding: '' | '7bit' | '8bit'
  /** Bits of F-34. */
  readonly sendOptions: number
  /** What it tells about, in the order of the log. */
  readonly entries: readonly StatusLogRecord[]
  /** To be logged as `ORIGINAL-ID: DESCRIPTION: ID` when it is queued (F-69). */
  readonly description: string
  /**
   * Header and body with LF line ends; `Received`, `Date` and `Message-Id` come from cleanup.
   * Each call reads the original anew.
   */
  readonly text: () => AsyncGenerator<Uint8Array, void, void>
}

/** What a caller has to do. */
export interface NotificationPlan {
  /**
   * To be queued in this order. When one that is no copy cannot be queued, the rest waits and the
   * log stays, so that the next attempt does it again (F-67).
   */
  readonly notifications: readonly Notification[]
  /** Whether the log is to be removed once that is done. */
  readonly removesLog: boolean
  readonly warnings: readonly string[]
}

/** Composes for one request. */
interface Composer {
  readonly request: NotificationRequest
  readonly options: NotificationOptions
  readonly template: BounceTemplateKind
  readonly warnings: string[]
}

interface Addressee {
  readonly isPostmaster: boolean
  readonly isCopy: boolean
  readonly recipient: string
  readonly entries: readonly StatusLogRecord[] | undefined
  readonly headersOnly: boolean
}

const NOTHING = { notifications: [], removesLog: false, warnings: [] }

/**
 * Who is told what about a message (F-65, F-66), and how it reads (F-71 to F-77; RFC 3461, 3464,
 * 6522, 6533). Does no I/O: texts are made when they are read. A message from the double bounce
 * address never causes one, and one from the null sender at most one to the postmaster, so that
 * notifications cannot go round in circles (F-68).
 */
export function composeNotifications(
  request: NotificationRequest,
  options: NotificationOptions,
): NotificationPlan {
  const { kind, entries, original } = request
  if (kind === 'trace' && entries === undefined) return NOTHING
  const template = kind === 'trace' ? reportTemplate(original) : kind
  const composer: Composer = { request, options, template, warnings: [] }
  const doubleBounce = doubleBounceAddress(options).toLowerCase()
  if (original.sender.toLowerCase() === doubleBounce) return discarded(request)
  const notifications = original.sender === '' ? aboutNullSender(composer) : aboutSender(composer)
  return { notifications, removesLog: kind !== 'delay', warnings: composer.warnings }
}

function reportTemplate({ traceFlags }: OriginalMessage): BounceTemplateKind {
  return (traceFlags & VERIFY_OR_VERBOSE) === 0 ? 'success' : 'verify'
}

function discarded({ kind, original }: NotificationRequest): NotificationPlan {
  if (kind === 'trace') return NOTHING
  const warning = `${original.queueId}: undeliverable postmaster notification discarded`
  return { notifications: [], removesLog: kind === 'failure', warnings: [warning] }
}

function aboutNullSender(composer: Composer): Notification[] {
  const { request, options } = composer
  const { notifyClasses: classes } = options
  const asked = {
    failure: classes.has('bounce') || classes.has('2bounce'),
    delay: classes.has('delay'),
    trace: classes.has('2bounce'),
  }
  if (!asked[request.kind]) return []
  if (request.original.verpDelimiters !== undefined) refuseVerp(composer)
  const recipient =
    request.kind === 'delay' ? options.delayNoticeRecipient : options.doubleBounceNoticeRecipient
  const headersOnly = request.kind === 'trace'
  const { entries } = request
  const postmaster = { isPostmaster: true, isCopy: false, recipient, entries, headersOnly }
  return [compose(composer, postmaster)]
}

function aboutSender(composer: Composer): Notification[] {
  const { request, options } = composer
  const { kind, entries, original } = request
  const headersOnly = kind !== 'failure'
  const told = entriesFor(request)
  const addressees: Addressee[] = []
  const toSender = { isPostmaster: false, isCopy: false, headersOnly }
  if (kind === 'failure' && isVerpPossible(composer)) {
    const delimiters = original.verpDelimiters ?? ''
    for (const entry of told ?? [UNAVAILABLE]) {
      const first = entry.originalRecipient ?? entry.recipient
      const recipient = verpAddress(original.sender, first, delimiters)
      addressees.push({ ...toSender, recipient, entries: [entry] })
    }
  } else if (told === undefined || told.length > 0) {
    addressees.push({ ...toSender, recipient: original.sender, entries: told })
  }
  const copy = { isPostmaster: true, isCopy: true, headersOnly: true, entries }
  const { notifyClasses: classes } = options
  if (kind === 'failure' && classes.has('bounce')) {
    addressees.push({ ...copy, recipient: options.bounceNoticeRecipient })
  } else if (kind === 'delay' && classes.has('delay')) {
    addressees.push({ ...copy, recipient: options.delayNoticeRecipient })
  }
  return addressees.map((addressee) => compose(composer, addressee))
}

/** Those of which the sender wants to know (RFC 3461 4.1), undefined without a log. */
function entriesFor({ kind, entries }: NotificationRequest): NotificationRequest['entries'] {
  if (kind === 'trace') return entries
  const wanted = kind === 'failure' ? NOTIFY_FAILURE : NOTIFY_DELAY
  return entries?.filter(({ notify = 0 }) => notify === 0 || (notify & wanted) !== 0)
}

function isVerpPossible(composer: Composer): boolean {
  const { verpDelimiters: delimiters } = composer.request.original
  if (delimiters === undefined) return false
  const { verpDelimiterFilter: filter } = composer.options
  const isAllowed = delimiters.length === 2 && [...delimiters].every((one) => filter.includes(one))
  if (!isAllowed) {
    const { queueId } = composer.request.original
    const expected = `expected two characters of verp_delimiter_filter, "${filter}"`
    const given = JSON.stringify(delimiters)
    composer.warnings.push(`${queueId}: VERP delimiters ${given} not used: ${expected}`)
  }
  return isAllowed
}

function refuseVerp({ request, warnings }: Composer): void {
  const { kind, original } = request
  if (kind !== 'failure') return
  warnings.push(`${original.queueId}: request to send VERP-style notification of bounced mail`)
}

function compose(composer: Composer, addressee: Addressee): Notification {
  const { request, options, template: kind } = composer
  const { original, nowMs } = request
  const { isPostmaster, isCopy, recipient, entries } = addressee
  // A report that was asked for reads the same, whoever gets it.
  const isForPostmaster = isPostmaster && request.kind !== 'trace'
  const { template, lines } = expanded(composer)
  const mustBeShort = isTooLarge(original, options) || original.returnHeaders
  const isRedacted = options.redactRequireTls && readSendOptions(original.sendOptions).isTlsRequired
  const draft = {
    ...{ original, options, nowMs, template, recipient, entries },
    lines: isForPostmaster ? [] : lines,
    subject: (isForPostmaster ? template.postmasterSubject : undefined) ?? template.subject,
    autoSubmitted: isForPostmaster ? 'auto-generated' : 'auto-replied',
    headersOnly: addressee.headersOnly || mustBeShort || isRedacted,
  } as const
  return {
    ...{ isCopy, recipient },
    sender: isPostmaster ? doubleBounceAddress(options) : '',
    encoding: notificationEncoding(original, template, options.templateValues.smtputf8),
    sendOptions: inheritedSendOptions(original.sendOptions, isRedacted),
    entries: entries ?? [],
    description: `${isForPostmaster ? 'postmaster' : 'sender'} ${DESCRIPTIONS[kind]} notification`,
    text: () => notificationText(draft),
  }
}

const DESCRIPTIONS = {
  failure: 'non-delivery',
  delay: 'delay',
  success: 'delivery status',
  verify: 'delivery status',
} as const

/** A template that cannot be expanded must not keep a notification from being sent. */
function expanded({ template: kind, options, warnings }: Composer) {
  const withLines = ({ lines, warnings: more }: ExpandedTemplate) => {
    for (const one of more) if (!warnings.includes(one)) warnings.push(one)
    return lines
  }
  const template = options.templates[kind]
  const { templateValues: values } = options
  try {
    return { template, lines: withLines(expandBounceTemplate(template, values)) }
  } catch (error) {
    if (!(error instanceof BounceTemplateError)) throw error
    const problem = `${error.message} -- ignoring this template`
    const lines = withLines(expandBounceTemplate(builtInTemplates[kind], values))
    if (!warnings.includes(problem)) warnings.push(...error.warnings, problem)
    return { template: builtInTemplates[kind], lines }
  }
}

function isTooLarge({ contentBytes }: OriginalMessage, options: NotificationOptions): boolean {
  const { bounceSizeLimit: limit } = options
  return limit > 0 && (contentBytes <= 0 || contentBytes > limit)
}
