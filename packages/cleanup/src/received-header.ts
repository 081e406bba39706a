import { quoteHeaderAddress } from '@posthouse/mail-address'

import type { CleanupOptions } from './cleanup-options.ts'
import { type CleanupOrigin, headerAddress, isClient } from './client.ts'
import { oneLine } from './one-line.ts'
import { type CleanupRecipient, receivedRecipient } from './received-recipient.ts'

/** What our `Received:` header tells about one message. */
export interface ReceivedFacts {
  readonly origin: CleanupOrigin
  readonly queueId: string
  /** As received, in internal form, duplicates included: one recipient is named. */
  readonly recipients: readonly CleanupRecipient[]
  /** When the client came, as in a header. */
  readonly date: string
}

/** The header that Q-340, F-58 or F-73 puts before a message; each line with its LF. */
export function receivedHeader(facts: ReceivedFacts, options: CleanupOptions): string {
  const { origin: client, queueId, recipients, date } = facts
  if (!isClient(client)) {
    const user = client === 'internal' ? '' : `, from userid ${client.userId}`
    const by = `Received: by ${options.hostname} (${options.mailName}${user})`
    return lines([by, `\tid ${queueId}; ${date}`])
  }
  const name = oneLine(client.name, true)
  const from = `Received: from ${name} (${name} [${oneLine(headerAddress(client), true)}])`
  const by = `\tby ${options.hostname} (${options.mailName}) with QMQP`
  const [recipient] = recipients
  if (recipients.length !== 1 || recipient === undefined) {
    return lines([from, by, `\tid ${queueId}; ${date}`])
  }
  const quoted = oneLine(
    quoteHeaderAddress(receivedRecipient(recipient).address),
    options.replaceStrayCr,
  )
  return lines([from, `${by} id ${queueId}`, `\tfor <${quoted}>; ${date}`])
}

// Joined: a string that was added together takes twice as long to become bytes.
function lines(all: readonly string[]): string {
  return [...all, ''].join('\n')
}
