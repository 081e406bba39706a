import { quoteHeaderAddress } from '@posthouse/mail-address'

import type { CleanupOptions } from './cleanup-options.ts'
import { type CleanupClient, headerAddress } from './client.ts'
import { oneLine } from './one-line.ts'

/** What our `Received:` header tells about one message. */
export interface ReceivedFacts {
  readonly client: CleanupClient
  readonly queueId: string
  /** As received, in internal form, duplicates included: one recipient is named. */
  readonly recipients: readonly string[]
  /** When the client came, as in a header. */
  readonly date: string
}

/** The header that Q-340 puts before a message received with QMQP; lines joined by LF. */
export function receivedHeader(facts: ReceivedFacts, options: CleanupOptions): string {
  const { client, queueId, recipients, date } = facts
  const name = oneLine(client.name, true)
  const from = `Received: from ${name} (${name} [${oneLine(headerAddress(client), true)}])`
  const by = `\tby ${options.hostname} (${options.mailName}) with QMQP`
  const [recipient] = recipients
  if (recipients.length !== 1 || recipient === undefined) {
    return `${from}\n${by}\n\tid ${queueId}; ${date}`
  }
  const quoted = oneLine(quoteHeaderAddress(recipient), options.replaceStrayCr)
  return `${from}\n${by} id ${queueId}\n\tfor <${quoted}>; ${date}`
}
