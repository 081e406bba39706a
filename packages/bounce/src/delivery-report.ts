import { isAscii, quoteAddress } from '@posthouse/mail-address'

import type { NotificationOptions } from './notification-options.ts'
import { type OriginalMessage, readSendOptions } from './original-message.ts'
import { printableText } from './printable-text.ts'
import type { StatusLogRecord } from './status-log-reader.ts'
import { wrappedText } from './wrapped-text.ts'

const NOT_IN_NAMES = /[ \t\r\n()<>@,;:\\".[\]]/g

/** What the entries of a delivery report have in common. */
export interface ReportContext {
  readonly original: OriginalMessage
  readonly options: NotificationOptions
  /** In place of what was logged; undefined: as logged. */
  readonly action: string | undefined
  /** When attempts end, in ms since 1970; undefined: there are none. */
  readonly retryUntilMs: number | undefined
}

/**
 * The content of a `message/delivery-status` (RFC 3464; RFC 6533 for `utf-8`): fields of the
 * message, and behind an empty line those of each recipient (F-73).
 */
export function deliveryReport(
  entries: readonly StatusLogRecord[] | undefined,
  context: ReportContext,
): string {
  const { original, options } = context
  const text = (value: string) => printableText(value, options.templateValues.smtputf8)
  const name = `X-${text(options.mailName).replace(NOT_IN_NAMES, '-')}`
  const ofMessage = [
    `Reporting-MTA: dns; ${options.myhostname}\n`,
    original.envelopeId === '' ? '' : `Original-Envelope-Id: ${text(original.envelopeId)}\n`,
    `${name}-Queue-ID: ${original.queueId}\n`,
    `${name}-Sender: ${typed(returnPath(original, options), original)}\n`,
    `Arrival-Date: ${options.formatDate(original.arrivalTimeMs)}\n`,
  ]
  const ofRecipients = (entries ?? []).map((entry) => `\n${recipientFields(entry, name, context)}`)
  return [...ofMessage, ...ofRecipients].join('')
}

function recipientFields(entry: StatusLogRecord, name: string, context: ReportContext): string {
  const { original, options, action, retryUntilMs } = context
  const text = (value: string) => printableText(value, options.templateValues.smtputf8)
  const { diagnostic, remoteMta } = entry
  const said = diagnostic ? `${diagnostic.type}; ${diagnostic.text}` : `${name}; ${entry.reason}`
  const first = entry.originalRecipient
  const given = entry.dsnOriginal ?? (first === undefined ? '' : typed(text(first), original))
  return [
    `Final-Recipient: ${typed(text(entry.recipient), original)}\n`,
    given === '' ? '' : `Original-Recipient: ${text(given)}\n`,
    `Action: ${text(action ?? entry.action)}\n`,
    `Status: ${text(entry.status)}\n`,
    remoteMta ? wrappedText(`Remote-MTA: ${text(`${remoteMta.type}; ${remoteMta.name}`)}`) : '',
    wrappedText(`Diagnostic-Code: ${text(said)}`),
    retryUntilMs === undefined ? '' : `Will-Retry-Until: ${options.formatDate(retryUntilMs)}\n`,
  ].join('')
}

/** The sender of the original in external form, or what stands for the null sender. */
export function returnPath({ sender }: OriginalMessage, options: NotificationOptions): string {
  if (sender === '') return `MAILER-DAEMON@${options.myhostname}`
  return printableText(quoteAddress(sender), options.templateValues.smtputf8)
}

function typed(address: string, original: OriginalMessage): string {
  const isUtf8 = !isAscii(address) && readSendOptions(original.sendOptions).isAnySmtputf8
  return `${isUtf8 ? 'utf-8' : 'rfc822'}; ${address}`
}
