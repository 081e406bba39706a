import type { Cleanup } from '@posthouse/cleanup'
import type { Clock } from '@posthouse/clock'
import { encodeAddress } from '@posthouse/mail-address'
import type { MessageEnvelope } from '@posthouse/queue-store'

import type { InternalMailClass } from './options/cleanup-options.ts'

/** A message that the mail system makes. */
export interface InternalMessage {
  readonly mailClass: InternalMailClass
  /** Internal form. */
  readonly sender: string
  /** Internal form. */
  readonly recipient: string
  readonly encoding: '' | '7bit' | '8bit'
  /** Bits of F-34. */
  readonly sendOptions: number
  /** Header and body with LF line ends; `Received`, `Date` and `Message-Id` are added. */
  readonly text: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Whether header and body checks are for it, too (`internal_mail_filter_classes`). */
  readonly isChecked: boolean
}

/** What it takes to put such a message into the queue. */
export interface InternalMailPorts {
  readonly cleanup: (mailClass: InternalMailClass) => Cleanup
  /** Hands a message to the queue manager. */
  readonly queued: (envelope: MessageEnvelope) => void
  /** A message was put on hold. */
  readonly held: () => void
  /** A time in ms since 1970 as a header has it. */
  readonly formatDate: (timeMs: number) => string
  readonly clock: Clock
}

/** Puts a message into the queue, durably. */
export type QueueInternal = (message: InternalMessage) => Promise<string>

/**
 * Puts a message into the queue, durably. The text is in memory meanwhile.
 *
 * @returns its queue id.
 * @throws {Error} as a rejection: cleanup does not take it.
 */
export async function queueInternalMail(
  { text, ...message }: InternalMessage,
  ports: InternalMailPorts,
): Promise<string> {
  const { sender, recipient, encoding, sendOptions, mailClass, isChecked } = message
  const arrivalTimeMs = ports.clock.now()
  const chunks = [encodeAddress(`Date: ${ports.formatDate(arrivalTimeMs)}\n`)]
  for await (const chunk of text) chunks.push(Buffer.from(chunk))
  const overrides = { noAddressMappings: false, noHeaderBodyChecks: !isChecked }
  const transaction = await ports.cleanup(mailClass).open('internal', overrides)
  const { id } = transaction
  const result = await transaction.submit({
    content: Buffer.concat(chunks),
    sender,
    recipients: [recipient],
    arrivalTimeMs,
    submission: {
      fullName: '',
      lateRecipients: [],
      leadingAttributes: [
        ['log_message_origin', 'local'],
        ['trace_flags', '0'],
      ],
      attributes: encoding === '' ? [] : [['encoding', encoding]],
      sendOptions,
    },
  })
  if (result.kind === 'rejected') throw new Error(`cannot queue ${id}: ${result.text}`)
  if (result.kind === 'queued') ports.queued(result.envelope)
  else if (result.kind === 'held') ports.held()
  return id
}
