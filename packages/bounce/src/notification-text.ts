import { encodeAddress, quoteAddress } from '@posthouse/mail-address'

import type { BounceTemplate } from './bounce-template.ts'
import { builtInTemplates } from './built-in-templates.ts'
import { deliveryReport, returnPath } from './delivery-report.ts'
import { headerLines } from './header-lines.ts'
import type { NotificationOptions } from './notification-options.ts'
import { type OriginalMessage, readSendOptions } from './original-message.ts'
import { printableText } from './printable-text.ts'
import type { StatusLogRecord } from './status-log-reader.ts'
import { wrappedText } from './wrapped-text.ts'

const LF = 0x0a
const OBSOLETE_FROM = 'MAILER-DAEMON (Mail Delivery System)'
const OUTER_BRACKETS = /^[<\s]+|[>\s]+$/g

/** One notification, before it is text. */
export interface NotificationDraft {
  readonly original: OriginalMessage
  readonly options: NotificationOptions
  /** When it is made, in ms since 1970. */
  readonly nowMs: number
  readonly template: BounceTemplate
  /** The expanded lines of the template; empty: without (copies to the postmaster). */
  readonly lines: readonly string[]
  readonly subject: string
  /** Internal form. */
  readonly recipient: string
  /** RFC 3834: `auto-replied` to who caused it. */
  readonly autoSubmitted: 'auto-replied' | 'auto-generated'
  /** Undefined: the log is gone. */
  readonly entries: readonly StatusLogRecord[] | undefined
  readonly headersOnly: boolean
}

/** The encoding of a notification: of its header, and for its envelope (F-72, F-73). */
export function notificationEncoding(
  { encoding }: OriginalMessage,
  template: BounceTemplate,
  smtputf8: boolean,
): '' | '7bit' | '8bit' {
  if (smtputf8 || encoding === '8bit') return '8bit'
  if (encoding === '') return ''
  return isAsciiCharset(template) ? '7bit' : '8bit'
}

/**
 * The text of a notification: a `multipart/report` of RFC 6522 with LF line ends (F-73). The
 * content of the original is passed on chunk by chunk.
 *
 * @throws what reading the original throws
 */
export async function* notificationText(
  draft: NotificationDraft,
): AsyncGenerator<Uint8Array, void, void> {
  const { original, options, nowMs } = draft
  const boundary = `${original.queueId}.${Math.floor(nowMs / 1000)}/${options.myhostname}`
  const start = [
    `${header(draft, boundary)}This is a MIME-encapsulated message.\n`,
    explanation(draft),
    report(draft),
    startOfOriginal(draft),
  ].join(`\n--${boundary}\n`)
  yield encodeAddress(start)
  let last = LF
  for await (const chunk of contentOf(draft)) {
    if (chunk.length === 0) continue
    last = chunk.at(-1)!
    yield chunk
  }
  yield encodeAddress(`${last === LF ? '' : '\n'}\n--${boundary}--\n`)
}

function header(draft: NotificationDraft, boundary: string): string {
  const { original, options, template } = draft
  const { smtputf8 } = options.templateValues
  const text = (value: string) => printableText(value, smtputf8)
  const isObsolete =
    options.headerFromFormat === 'obsolete' && template.from === builtInTemplates.failure.from
  const id = text(original.messageId.replace(OUTER_BRACKETS, ''))
  const isThreaded = options.threadedBounces && id !== ''
  const { isTlsOptional } = readSendOptions(original.sendOptions)
  const encoding = notificationEncoding(original, template, smtputf8)
  return [
    `From: ${text(isObsolete ? OBSOLETE_FROM : template.from)}\n`,
    `Subject: ${text(draft.subject)}\n`,
    `To: ${text(quoteAddress(draft.recipient))}\n`,
    isThreaded ? `References: <${id}>\nIn-Reply-To: <${id}>\n` : '',
    isTlsOptional ? 'TLS-Required: no\n' : '',
    `Auto-Submitted: ${draft.autoSubmitted}\n`,
    'MIME-Version: 1.0\n',
    'Content-Type: multipart/report; report-type=delivery-status;\n',
    `\tboundary="${boundary}"\n`,
    encoding === '' ? '' : `Content-Transfer-Encoding: ${encoding}\n`,
    '\n',
  ].join('')
}

/** What people read: the text of the template, and what happened to each recipient. */
function explanation(draft: NotificationDraft): string {
  const { template, options, entries } = draft
  const charset = isEightBit(draft) ? 'utf-8' : 'us-ascii'
  const text = (value: string) => printableText(value, options.templateValues.smtputf8)
  const ofRecipients = (entries ?? []).map(({ recipient, originalRecipient, reason }) => {
    const from = originalRecipient === undefined ? '' : ` (expanded from <${originalRecipient}>)`
    return `\n${wrappedText(text(`<${recipient}>${from}: ${reason}`))}`
  })
  return [
    'Content-Description: Notification\n',
    `Content-Type: text/plain; charset=${isAsciiCharset(template) ? charset : template.charset}\n`,
    `${eightBitField(draft)}\n`,
    ...draft.lines.map((line) => `${line}\n`),
    ...ofRecipients,
    entries === undefined ? '\n\t--- Delivery report unavailable ---\n' : '',
  ].join('')
}

/** What programs read. */
function report(draft: NotificationDraft): string {
  const { original, options, template, entries } = draft
  const { kind } = template
  const type = readSendOptions(original.sendOptions).isSmtputf8Requested
    ? 'message/global-delivery-status\nContent-Transfer-Encoding: 8bit'
    : 'message/delivery-status'
  const lifetimeMs = options.templateValues.maximalQueueLifetimeSeconds * 1000
  const fields = deliveryReport(entries, {
    original,
    options,
    action: kind === 'failure' ? 'failed' : undefined,
    retryUntilMs: kind === 'delay' ? original.arrivalTimeMs + lifetimeMs : undefined,
  })
  return `Content-Description: Delivery report\nContent-Type: ${type}\n\n${fields}`
}

/** Header and first line of the third part. */
function startOfOriginal(draft: NotificationDraft): string {
  const { original, options, headersOnly } = draft
  const { kind } = draft.template
  const undelivered = kind === 'failure' || kind === 'delay' ? 'Undelivered ' : ''
  const description = `Content-Description: ${undelivered}Message${headersOnly ? ' Headers' : ''}`
  // What is gone must not be called a message. Postfix ends there without the last boundary.
  if (original.content === undefined) {
    const type = 'Content-Type: text/plain; charset=us-ascii'
    return `${description}\n${type}\n\n\t--- Undelivered message unavailable ---\n`
  }
  const { isSmtputf8Requested: isUtf8 } = readSendOptions(original.sendOptions)
  const ofHeaders = isUtf8 ? 'message/global-headers' : 'text/rfc822-headers'
  const type = headersOnly ? ofHeaders : isUtf8 ? 'message/global' : 'message/rfc822'
  const returned = `Return-Path: <${returnPath(original, options)}>`
  return `${description}\nContent-Type: ${type}\n${eightBitField(draft)}\n${returned}\n`
}

function contentOf({ original, headersOnly }: NotificationDraft) {
  const content = original.content?.() ?? []
  return headersOnly ? headerLines(content) : content
}

function eightBitField(draft: NotificationDraft): string {
  return isEightBit(draft) ? 'Content-Transfer-Encoding: 8bit\n' : ''
}

function isEightBit({ original, options }: NotificationDraft): boolean {
  return options.templateValues.smtputf8 || original.encoding === '8bit'
}

function isAsciiCharset({ charset }: BounceTemplate): boolean {
  return charset.toLowerCase() === 'us-ascii'
}
