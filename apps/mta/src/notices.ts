import {
  composeNotifications,
  type Notification,
  type NotificationOptions,
  type NotificationRequest,
  type OriginalMessage,
  parseStatusLog,
  type StatusLogRecord,
} from '@posthouse/bounce'
import type { Cleanup } from '@posthouse/cleanup'
import type { Clock } from '@posthouse/clock'
import { encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import type { NoticeRequest } from '@posthouse/queue-manager'
import type { MessageEnvelope, QueueStore, StatusLogKind } from '@posthouse/queue-store'
import pLimit from 'p-limit'

import { originalMessage } from './original-message.ts'

// Each holds a notification in memory, with as much of the original as bounce_size_limit allows.
const MAX_AT_ONCE = 10

export interface NoticeOptions extends NotificationOptions {
  /** `disable_verp_bounces` */
  readonly disableVerp: boolean
  /** Whether header and body checks are for notifications, too (`internal_mail_filter_classes`). */
  readonly isChecked: boolean
}

export interface NoticePorts {
  readonly store: QueueStore
  /** For mail that the mail system makes. */
  readonly cleanup: Cleanup
  /** Hands a notification to the queue manager. */
  readonly queued: (envelope: MessageEnvelope) => void
  /** A notification was put on hold. */
  readonly held: () => void
  readonly logOf: (service: StatusLogKind) => Logger
  readonly clock: Clock
}

/**
 * bounce(8): tells senders and the postmaster what became of mail. A notification is durable, and
 * with the queue manager, before the log that it was made of is removed: a crash in between sends
 * it twice, and never not at all.
 */
export class Notices {
  readonly #options: NoticeOptions
  readonly #ports: NoticePorts
  readonly #limit = pLimit(MAX_AT_ONCE)

  constructor(options: NoticeOptions, ports: NoticePorts) {
    this.#options = options
    this.#ports = ports
  }

  /** As `NoticeService` of the queue manager. */
  send(request: NoticeRequest): Promise<void> {
    return this.#limit(() => this.#send(request))
  }

  /** Returns mail that was never queued: what happened to each recipient is given, not logged. */
  return(original: OriginalMessage, entries: readonly StatusLogRecord[]): Promise<void> {
    const request = { kind: 'failure', entries, original, nowMs: this.#ports.clock.now() } as const
    return this.#limit(() => this.#tell(request, this.#ports.logOf('bounce')))
  }

  async #send({ kind, log: service, message }: NoticeRequest): Promise<void> {
    const { store } = this.#ports
    const log = this.#ports.logOf(service)
    const entries = await this.#entriesOf(service, message.id, log)
    const { disableVerp, threadedBounces } = this.#options
    const original = await originalMessage(message, { store, log, threadedBounces, disableVerp })
    await this.#tell({ kind, entries, original, nowMs: this.#ports.clock.now() }, log)
    if (kind !== 'delay') await store.removeStatusLog(service, message.id)
  }

  async #entriesOf(
    kind: StatusLogKind,
    id: string,
    log: Logger,
  ): Promise<readonly StatusLogRecord[] | undefined> {
    const text = await this.#ports.store.readStatusLog(kind, id)
    if (text === undefined) return undefined
    const { smtputf8 } = this.#options.templateValues
    const { entries, warnings } = parseStatusLog(text, { kind, smtputf8 })
    for (const warning of warnings) log.warning(`${kind}/${id}: ${warning}`, { queueId: id })
    return entries
  }

  /** Queues all that is to be sent. Rejects at the first that cannot be, but for mere copies. */
  async #tell(request: NotificationRequest, log: Logger): Promise<void> {
    const { queueId, sender } = request.original
    const { notifications, warnings } = composeNotifications(request, this.#options)
    for (const warning of warnings) log.warning(warning, { queueId })
    for (const notification of notifications) {
      try {
        await this.#queue(queueId, notification, log)
      } catch (error) {
        if (!notification.isCopy) throw error
        const reason = error instanceof Error ? error.message : String(error)
        const text = `postmaster notice failed while bouncing to ${sender}: ${reason}`
        log.warning(`${queueId}: ${text}`, { queueId, reason })
      }
    }
  }

  async #queue(originalId: string, notification: Notification, log: Logger): Promise<void> {
    const { sender, recipient, encoding, sendOptions, description } = notification
    const arrivalTimeMs = this.#ports.clock.now()
    const chunks = [encodeAddress(`Date: ${this.#options.formatDate(arrivalTimeMs)}\n`)]
    for await (const chunk of notification.text()) chunks.push(Buffer.from(chunk))
    const overrides = { noAddressMappings: false, noHeaderBodyChecks: !this.#options.isChecked }
    const transaction = await this.#ports.cleanup.open('internal', overrides)
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
    log.info(`${originalId}: ${description}: ${id}`, { queueId: originalId })
    if (result.kind === 'queued') this.#ports.queued(result.envelope)
    else if (result.kind === 'held') this.#ports.held()
  }
}
