import { quoteHeaderAddress } from '@posthouse/mail-address'

import type { CleanupOptions } from './cleanup-options.ts'
import type { MailDates } from './mail-dates.ts'
import { oneLine } from './one-line.ts'
import type { PrimaryHeader } from './primary-header.ts'

/** What generated headers say. */
export interface MissingHeaderFacts {
  readonly queueId: string
  readonly createTimeMs: number
  readonly arrivalTimeMs: number
  /** Internal form, completed; empty for the null sender. */
  readonly sender: string
  /** Of the sender; empty: not known. */
  readonly fullName: string
  /** REQUIRETLS was asked for. */
  readonly requiresTls: boolean
}

/** Headers to append, and the message id if one was made. */
export interface MissingHeaders {
  readonly headers: readonly string[]
  readonly messageId: string | undefined
}

// What an atom has not (RFC 5322 3.2.3); blanks are between atoms.
const SPECIAL = /[()<>[\]:;@\\,."]/
const DESTINATIONS = ['to', 'cc', 'resent-to', 'resent-cc']
// The names of what must be there.
const ORIGINAL = { prefix: '', id: 'message-id', date: 'date', from: 'from' }
const RESENT = {
  prefix: 'Resent-',
  id: 'resent-message-id',
  date: 'resent-date',
  from: 'resent-from',
}

/**
 * The headers that a message should have and has not: message id, date, author, and
 * `undisclosed_recipients_header`. A resent message gets their `Resent-` forms.
 */
export function missingHeaders(
  header: PrimaryHeader,
  facts: MissingHeaderFacts,
  options: CleanupOptions,
  dates: MailDates,
): MissingHeaders {
  const { prefix, id, date, from } = header.isResent ? RESENT : ORIGINAL
  const headers: string[] = []
  let messageId: string | undefined
  if (!header.has(id)) {
    messageId = newMessageId(facts, options, dates)
    headers.push(`${prefix}Message-Id: ${messageId}`)
  }
  if (!header.has(date)) headers.push(`${prefix}Date: ${dates.header(facts.arrivalTimeMs)}`)
  if (!header.has(from)) headers.push(`${prefix}From: ${oneLine(authorOf(facts), true)}`)
  const undisclosed = options.undisclosedRecipientsHeader
  if (undisclosed !== '' && !DESTINATIONS.some((name) => header.has(name))) {
    headers.push(undisclosed)
  }
  return { headers, messageId }
}

/** As `header_from_format = standard` has it: a name that is not of atoms is in quotes. */
function authorOf({ sender, fullName }: MissingHeaderFacts): string {
  if (sender === '') return 'MAILER-DAEMON'
  const address = quoteHeaderAddress(sender)
  if (fullName === '') return address
  const name = SPECIAL.test(fullName) ? `"${fullName.replace(/["\\]/g, '\\$&')}"` : fullName
  return `${name} <${address}>`
}

function newMessageId(
  { queueId, createTimeMs }: MissingHeaderFacts,
  { longQueueIds, hostname }: CleanupOptions,
  dates: MailDates,
): string {
  // A long queue id is never given twice; a short one needs the time.
  return longQueueIds
    ? `<${queueId}@${hostname}>`
    : `<${dates.stamp(createTimeMs)}.${queueId}@${hostname}>`
}
