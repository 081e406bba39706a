import { encodeAddress, quoteAddress } from '@posthouse/mail-address'

import { doubleBounceAddress } from './double-bounce.ts'
import type { NotificationOptions } from './notification-options.ts'
import { wrappedText } from './wrapped-text.ts'

const WIDTH_BYTES = 78

/** A session in which something was out of order. */
export interface SessionNoticeRequest {
  /** Of the message that was to be delivered. */
  readonly queueId: string
  /** Its sender, in internal form. */
  readonly sender: string
  readonly protocol: 'SMTP' | 'LMTP'
  /** `name[address]:port` of the server. */
  readonly relay: string
  /** What was said: `Out: TEXT` by this host, `In:  TEXT` by the server. Printable. */
  readonly transcript: readonly string[]
}

/** What the configuration says about notices of sessions. */
export interface SessionNoticeOptions
  extends Pick<
    NotificationOptions,
    'myhostname' | 'mailName' | 'doubleBounceSender' | 'headerFromFormat'
  > {
  /** `error_notice_recipient`, in internal form. */
  readonly errorNoticeRecipient: string
}

/** A message to be sent through cleanup. */
export interface SessionNotice {
  /** The double bounce address. */
  readonly sender: string
  /** Internal form. */
  readonly recipient: string
  /** Header and body with LF line ends; `Received`, `Date` and `Message-Id` come from cleanup. */
  readonly text: Uint8Array
}

/**
 * Tells the postmaster what was said in a session (F-81, C-110, C-111). Undefined if nobody is
 * told, as the message is a notification itself: there might be no end of them.
 */
export function composeSessionNotice(
  request: SessionNoticeRequest,
  options: SessionNoticeOptions,
): SessionNotice | undefined {
  const sender = doubleBounceAddress(options)
  const isNotification = ['', sender.toLowerCase()].includes(request.sender.toLowerCase())
  if (isNotification) return undefined
  const recipient = options.errorNoticeRecipient
  return { sender, recipient, text: encodeAddress(header(request, options) + body(request)) }
}

function header({ protocol, relay }: SessionNoticeRequest, options: SessionNoticeOptions): string {
  const { mailName, myhostname, errorNoticeRecipient, headerFromFormat } = options
  const mailbox = (name: string, address: string): string =>
    headerFromFormat === 'standard' ? `${name} <${address}>` : `${address} (${name})`
  return [
    `From: ${mailbox('Mail Delivery System', `MAILER-DAEMON@${myhostname}`)}\n`,
    `To: ${mailbox('Postmaster', quoteAddress(errorNoticeRecipient))}\n`,
    `Subject: ${mailName} ${protocol} client: errors from ${relay}\n`,
    '\n',
  ].join('')
}

function body({ queueId, relay, transcript }: SessionNoticeRequest): string {
  return [
    `While message ${queueId} was being delivered to\n${relay},\nsomething was out of order.\n\n`,
    'This is what was said, "Out" by this host, "In" by the other:\n\n',
    ...transcript.map(indented),
    '\nThe mail log on this host may say more about it.\n',
  ].join('')
}

function indented(line: string): string {
  return wrappedText(line, WIDTH_BYTES).replaceAll(/^/gm, ' ').slice(0, -1)
}
