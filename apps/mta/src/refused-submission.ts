import type { OriginalMessage, StatusLogRecord } from '@posthouse/bounce'
import type { CleanupRejection } from '@posthouse/cleanup'
import { splitReason, statusOfClass } from '@posthouse/delivery-status'
import { quoteAddress } from '@posthouse/mail-address'
import { formatDelivery, type Logger } from '@posthouse/mail-log'
import type { MaildropMessage } from '@posthouse/pickup'

/** A message of the maildrop that is to be returned to who handed it in (F-70). */
export interface Refused {
  readonly queueId: string
  readonly message: MaildropMessage
  readonly rejection: CleanupRejection
  /** Completes an address; both in internal form. */
  readonly rewrite: (address: string) => string
}

const RETURN_HEADERS = 2 // F-39, ret_flags.
/** Status and text of F-17, of what is refused for good. */
const VERDICTS: Readonly<Record<string, string>> = {
  size: '5.3.4 message file too big',
  hops: '5.4.0 too many hops',
  rcpt: '5.1.0 no recipients specified',
}

/** Whether a message was refused for good, so that its sender is to be told. */
export function isRefused({ status }: CleanupRejection): boolean {
  return status === 'cont' || VERDICTS[status] !== undefined
}

/** What the bounce log would have of each recipient. */
export function refusedEntries({ message, rejection, rewrite }: Refused): StatusLogRecord[] {
  const { status: given, text: reason } = verdictOn(rejection)
  const status = statusOfClass(given, '5')
  const common = { status, action: 'failed', reason }
  const recipients = [...message.recipients, ...message.lateRecipients]
  if (recipients.length === 0) return [{ ...common, recipient: 'unknown' }]
  return recipients.map(({ address, original, dsnOriginal, notify }) => {
    const recipient = quoteAddress(rewrite(address))
    const first = original === undefined || original === address ? undefined : original
    return {
      ...common,
      recipient,
      ...(first !== undefined && { originalRecipient: quoteAddress(first) }),
      dsnOriginal: dsnOriginal ?? `rfc822;${recipient}`,
      ...(notify !== 0 && { notify }),
    }
  })
}

/** The message as it was handed in: only its header comes back, unless it went in circles. */
export function refusedMessage({ queueId, message, rejection, rewrite }: Refused): OriginalMessage {
  const { sender, arrivalTimeMs, content, sendOptions, verpDelimiters } = message
  const attributes = new Map([...message.leadingAttributes, ...message.attributes])
  const encoding = attributes.get('encoding')
  const wantsHeaders = (Number(attributes.get('ret_flags') ?? 0) & RETURN_HEADERS) !== 0
  return {
    ...{ queueId, arrivalTimeMs, sendOptions, verpDelimiters },
    sender: sender === '' ? '' : rewrite(sender),
    contentBytes: content.length,
    encoding: encoding === '7bit' || encoding === '8bit' ? encoding : '',
    envelopeId: attributes.get('envelope_id') ?? '',
    returnHeaders: wantsHeaders || rejection.status === 'cont' || rejection.status === 'size',
    traceFlags: 0,
    messageId: '',
    content: () => [content],
  }
}

/** As cleanup(8) logs what it returns. */
export function logRefused(refused: Refused, doneMs: number, log: Logger): void {
  const { queueId, message } = refused
  for (const { recipient, originalRecipient, status, reason: text } of refusedEntries(refused)) {
    const event = {
      ...{ queueId, recipient, originalRecipient, status, text },
      relay: 'none',
      times: { arrivalMs: message.arrivalTimeMs, doneMs },
      action: 'bounced',
    } as const
    log.info(formatDelivery(event), event)
  }
}

function verdictOn({ status, text }: CleanupRejection): { status: string; text: string } {
  return splitReason(VERDICTS[status] ?? text, '5.7.1')
}
