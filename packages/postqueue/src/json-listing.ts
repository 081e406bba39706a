import type { ListedMessage, ListedRecipient } from './listed-message.ts'
import { printableText } from './printable-text.ts'

const REASON_NAMES = {
  defer: 'delay_reason',
  bounce: 'bounce_reason',
  file: 'other_reason',
} as const

/**
 * The line of `postqueue -j` for a message (F-86), its newline included.
 *
 * @param smtputf8 `smtputf8_enable`
 */
export function jsonLine(message: ListedMessage, smtputf8: boolean): string {
  const text = (value: string): string => JSON.stringify(printableText(value, smtputf8))
  const recipients = message.recipients.map((recipient) => recipientObject(recipient, text))
  const members = [
    `"queue_name": ${text(message.queueName)}`,
    `"queue_id": ${text(message.queueId)}`,
    `"arrival_time": ${message.arrivalSeconds}`,
    `"message_size": ${message.sizeBytes}`,
    `"forced_expire": ${message.isForcedExpire}`,
    `"sender": ${text(message.sender)}`,
    `"recipients": [${recipients.join(', ')}]`,
  ]
  return `{${members.join(', ')}}\n`
}

function recipientObject(
  { address, originalAddress, reason, source }: ListedRecipient,
  text: (value: string) => string,
): string {
  const members: string[] = []
  if (originalAddress !== undefined) members.push(`"orig_address": ${text(originalAddress)}`)
  members.push(`"address": ${text(address)}`)
  if (reason !== '') members.push(`"${REASON_NAMES[source]}": ${text(reason)}`)
  return `{${members.join(', ')}}`
}
