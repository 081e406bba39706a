import { formatStatusLogEntry } from '@posthouse/bounce'
import { type DeliveryOutcome, statusOfClass, withClass } from '@posthouse/delivery-status'
import { quoteAddress } from '@posthouse/mail-address'
import { type DeliveryLogRecord, formatDelivery, type Logger } from '@posthouse/mail-log'
import type { EnvelopeRecipient } from '@posthouse/queue-store'

import type { ActiveMessage, Request } from './active-message.ts'
import type { QueueManagerOptions } from './options.ts'

/** How an address appears in log lines: `info_log_address_format` (S-94). */
export function logAddress(address: string, format: 'external' | 'internal'): string {
  return format === 'external' ? quoteAddress(address) : address
}

/** Writes down what became of recipients: the log line, the defer log, who is done. */
export class DeliveryJournal {
  readonly #options: QueueManagerOptions
  readonly #log: Logger

  /** @param log Tagged `qmgr`. */
  constructor(options: QueueManagerOptions, log: Logger) {
    this.#options = options
    this.#log = log
  }

  /**
   * Records one recipient. The queue file and the status log are written later, from what is
   * collected in the message.
   *
   * @param log Tagged with the name of the program that made the attempt.
   * @param handoffMs When an agent got the request; undefined if none did.
   */
  record(
    { message }: Request,
    recipient: EnvelopeRecipient,
    reported: DeliveryOutcome,
    log: Logger,
    handoffMs: number | undefined,
  ): void {
    const outcome = this.#postponeBounce(message, recipient, reported)
    const { kind, relay, text, connUse, setupDoneMs, doneMs } = outcome
    const status = statusOfClass(outcome.status, kind === 'sent' ? '2' : '4')
    const { id, activeMs, envelope } = message
    const event: DeliveryLogRecord = {
      queueId: id,
      recipient: this.#address(recipient.address),
      originalRecipient:
        recipient.original === undefined ? undefined : this.#address(recipient.original),
      relay,
      connUse,
      times: { arrivalMs: envelope.arrivalTimeMs, activeMs, handoffMs, setupDoneMs, doneMs },
      status,
      action: kind,
      text,
    }
    log.info(formatDelivery(event, this.#options.delayLoggingResolutionLimit), event)
    if (kind === 'sent') {
      message.markLater(recipient.offset)
      return
    }
    message.deferred = true
    message.deferLog.push(this.#statusLogEntry(recipient, outcome, status))
  }

  /** Until bounce messages can be made, nobody is told, so nothing may be given up. */
  #postponeBounce(
    message: ActiveMessage,
    recipient: EnvelopeRecipient,
    outcome: DeliveryOutcome,
  ): Exclude<DeliveryOutcome, { kind: 'bounced' }> {
    if (outcome.kind !== 'bounced') return outcome
    const to = this.#address(recipient.address)
    this.#log.warning(
      `${message.id}: permanent failure for <${to}> ` +
        'kept in the queue: bounce messages are not available yet',
      { queueId: message.id, to, reason: outcome.text },
    )
    return {
      ...outcome,
      kind: 'deferred',
      status: withClass(statusOfClass(outcome.status, '5'), '4'),
      diagnostic: outcome.diagnostic?.replace(/^5/, '4'),
    }
  }

  #statusLogEntry(recipient: EnvelopeRecipient, outcome: DeliveryOutcome, status: string): string {
    const { bounceLogCompatibility, smtputf8 } = this.#options
    const { address, original, dsnOriginal, offset, notify } = recipient
    const { diagnostic, remoteMta, text } = outcome
    return formatStatusLogEntry(
      {
        recipient: address,
        ...(original === undefined ? {} : { originalRecipient: original }),
        ...(dsnOriginal === undefined ? {} : { dsnOriginal }),
        offset,
        notify,
        status,
        action: 'delayed',
        ...(diagnostic === undefined ? {} : { diagnostic: { type: 'smtp', text: diagnostic } }),
        ...(remoteMta === undefined ? {} : { remoteMta: { type: 'dns', name: remoteMta } }),
        reason: text,
      },
      { compatibilityLine: bounceLogCompatibility, smtputf8 },
    )
  }

  #address(address: string): string {
    return logAddress(address, this.#options.infoLogAddressFormat)
  }
}
