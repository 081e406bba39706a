import {
  composeNotifications,
  type Notification,
  type NotificationOptions,
  type NotificationRequest,
  type OriginalMessage,
  parseStatusLog,
  type StatusLogRecord,
} from '@posthouse/bounce'
import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { NoticeRequest } from '@posthouse/queue-manager'
import type { QueueStore, StatusLogKind } from '@posthouse/queue-store'
import pLimit from 'p-limit'

import type { QueueInternal } from './internal-mail.ts'
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
  readonly queueInternal: QueueInternal
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
    const { sender, recipient, encoding, sendOptions, description, text } = notification
    const kind = { mailClass: 'bounce', isChecked: this.#options.isChecked } as const
    const message = { ...kind, sender, recipient, encoding, sendOptions, text: text() }
    const id = await this.#ports.queueInternal(message)
    log.info(`${originalId}: ${description}: ${id}`, { queueId: originalId })
  }
}
