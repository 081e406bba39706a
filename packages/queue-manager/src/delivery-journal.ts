import { formatStatusLogEntry } from '@posthouse/bounce'
import { type DeliveryOutcome, statusOfClass, withClass } from '@posthouse/delivery-status'
import { quoteAddress } from '@posthouse/mail-address'
import {
  type DeliveryAction,
  type DeliveryLogRecord,
  formatDelivery,
  type Logger,
} from '@posthouse/mail-log'
import type { MessageEnvelope, StatusLogKind } from '@posthouse/queue-store'

import type { ActiveMessage, UnrecordedOutcome } from './active-message.ts'
import type { QueueManagerOptions } from './options.ts'
import type { QueueManagerPorts } from './ports.ts'
import { wantsDelayCleared, wantsSuccess } from './trace-flags.ts'

const CLASSES = { sent: '2', deferred: '4', bounced: '5' } as const
const UNRECORDED = { status: '4.3.0', text: 'bounce or trace service failure' }
/** RFC 3464 2.3.3: what became of a recipient, in a report that was asked for. */
const REPORTED = { sent: 'relayed', deferred: 'delayed', bounced: 'failed' } as const

/** How an address appears in log lines: `info_log_address_format` (S-94). */
export function logAddress(address: string, format: 'external' | 'internal'): string {
  return format === 'external' ? quoteAddress(address) : address
}

/** S-16: a message is in the active queue. */
export function announce(
  { id, sender, contentLength: size, recipientCount }: MessageEnvelope,
  format: 'external' | 'internal',
  log: Logger,
): void {
  const from = logAddress(sender, format)
  const fields = { event: 'active' as const, queueId: id, from, size, recipientCount }
  log.info(`${id}: from=<${from}>, size=${size}, nrcpt=${recipientCount} (queue active)`, fields)
}

/** Writes down what became of recipients: the log line, the status logs, who is done. */
export class DeliveryJournal {
  readonly #options: QueueManagerOptions
  readonly #store: QueueManagerPorts['store']
  readonly #notices: QueueManagerPorts['notices']
  readonly #log: Logger

  constructor(
    options: QueueManagerOptions,
    { store, notices, log }: Pick<QueueManagerPorts, 'store' | 'notices' | 'log'>,
  ) {
    this.#options = options
    this.#store = store
    this.#notices = notices
    this.#log = log
  }

  /**
   * Records one recipient. The queue file and the defer log are written later, from what is
   * collected in the message; and what somebody is to be told of counts only once `settle` has
   * written it down.
   *
   * @param transport The one that it was for.
   */
  record(message: ActiveMessage, transport: string, one: UnrecordedOutcome): void {
    const { softBounceTransports } = this.#options
    const isBounced = one.outcome.kind === 'bounced'
    if (isBounced && !message.isProbe && softBounceTransports.has(transport)) {
      this.#recordSoftBounce(message, one)
    } else if (isBounced || this.#isReported(message, one)) message.recordLater(one)
    else this.#conclude(message, one)
  }

  /**
   * Writes to the bounce and trace logs what must be there before a recipient is done (S-88,
   * F-53), and ends those recipients. Never rejects: who could not be recorded is deferred.
   */
  async settle(message: ActiveMessage): Promise<void> {
    const outcomes = message.takeUnrecorded()
    const { isProbe } = message
    const bounces = outcomes.filter(({ outcome }) => outcome.kind === 'bounced' && !isProbe)
    const reports = outcomes.filter((one) => this.#isReported(message, one))
    const [areBouncesSafe, areReportsSafe] = await Promise.all([
      this.#append('bounce', message, bounces),
      this.#append('trace', message, reports),
    ])
    if (bounces.length > 0 && areBouncesSafe) message.hasBounceLog = true
    if (reports.length > 0 && areReportsSafe) message.hasTraceLog = true
    for (const one of outcomes) {
      const isSafe = isProbe ? areReportsSafe : areBouncesSafe
      // Who has the message must not get it again; who was only asked for may be asked again.
      const isDelivered = one.outcome.kind === 'sent' && !isProbe
      if (isDelivered || isSafe) this.#conclude(message, one)
      else {
        const outcome = { ...one.outcome, ...UNRECORDED, kind: 'deferred' } as const
        this.#defer(message, { ...one, outcome: withoutReply(outcome) }, 'deferred')
      }
    }
  }

  /** F-63: a permanent failure is one for now, and says so in the log. */
  #recordSoftBounce(message: ActiveMessage, one: UnrecordedOutcome): void {
    const { outcome } = one
    const status = withClass(statusOfClass(outcome.status, '5'), '4')
    const diagnostic = outcome.diagnostic?.replace(/^5/, '4')
    const softened = { ...outcome, kind: 'deferred', status, diagnostic } as const
    this.#defer(message, { ...one, outcome: softened }, 'SOFTBOUNCE')
  }

  /** An outcome counts from now on. */
  #conclude(message: ActiveMessage, one: UnrecordedOutcome): void {
    const { recipient, outcome } = one
    if (message.isProbe) {
      this.#say(message, one, outcome.kind === 'sent' ? 'deliverable' : 'undeliverable')
    } else if (outcome.kind === 'deferred') {
      this.#defer(message, one, 'deferred')
      return
    } else this.#say(message, one, outcome.kind)
    message.markLater(recipient.offset)
  }

  #defer(message: ActiveMessage, one: UnrecordedOutcome, action: DeliveryAction): void {
    this.#say(message, one, action)
    message.deferred = true
    message.deferLog.push(this.#entry(one, 'delayed', one.outcome.text))
  }

  #say(
    { id, activeMs, envelope }: ActiveMessage,
    { recipient, outcome, log, handoffMs }: UnrecordedOutcome,
    action: DeliveryAction,
  ): void {
    const { address, original } = recipient
    const { relay, text, connUse, setupDoneMs, doneMs, tls } = outcome
    const shown = this.#address(address)
    const event: DeliveryLogRecord = {
      queueId: id,
      recipient: shown,
      originalRecipient: original === address ? shown : original && this.#address(original),
      relay,
      connUse,
      times: { arrivalMs: envelope.arrivalTimeMs, activeMs, handoffMs, setupDoneMs, doneMs },
      tls,
      status: statusOf(outcome),
      action,
      text,
    }
    log.info(formatDelivery(event, this.#options.delayLoggingResolutionLimit), event)
  }

  /** Whether an outcome is for the trace log (F-62, F-77, S-34). */
  #isReported(message: ActiveMessage, { recipient, outcome }: UnrecordedOutcome): boolean {
    if (message.traceFlags !== 0) return true
    if (outcome.kind !== 'sent') return false
    if (wantsSuccess(recipient)) return !outcome.isReportedByServer
    const { isDelaySent } = message.envelope
    return isDelaySent === true && this.#options.confirmDelayCleared && wantsDelayCleared(recipient)
  }

  /** @returns whether it is recorded. */
  async #append(
    kind: StatusLogKind,
    message: ActiveMessage,
    outcomes: readonly UnrecordedOutcome[],
  ): Promise<boolean> {
    if (outcomes.length === 0) return true
    const { id } = message
    try {
      if (!this.#notices.has(kind)) throw new Error(`no service "${kind}" in master.cf`)
      const texts = outcomes.map((one) => this.#entryOf(kind, message, one))
      await this.#store.appendStatusLog(kind, id, texts.join(''))
      return true
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warning(`${id}: ${kind} service failure: ${reason}`, { queueId: id, reason })
      return false
    }
  }

  #entryOf(kind: StatusLogKind, message: ActiveMessage, one: UnrecordedOutcome): string {
    const { outcome } = one
    const { relay, text } = outcome
    if (kind !== 'trace') return this.#entry(one, 'failed', text)
    const reason = relay === 'none' ? text : `delivery via ${relay}: ${text}`
    const isSent = outcome.kind === 'sent'
    if (message.isProbe) {
      return this.#entry(one, isSent ? 'deliverable' : 'undeliverable', reason)
    }
    const isFinal = isSent && outcome.isFinal
    return this.#entry(one, isFinal ? 'delivered' : REPORTED[outcome.kind], reason)
  }

  #entry({ recipient, outcome }: UnrecordedOutcome, action: string, reason: string): string {
    const { bounceLogCompatibility, smtputf8 } = this.#options
    const { address, original, dsnOriginal, offset, notify } = recipient
    const { diagnostic, remoteMta } = outcome
    return formatStatusLogEntry(
      {
        recipient: address,
        ...(original === undefined ? {} : { originalRecipient: original }),
        ...(dsnOriginal === undefined ? {} : { dsnOriginal }),
        offset,
        notify,
        status: statusOf(outcome),
        action,
        ...(diagnostic === undefined ? {} : { diagnostic: { type: 'smtp', text: diagnostic } }),
        ...(remoteMta === undefined ? {} : { remoteMta: { type: 'dns', name: remoteMta } }),
        reason,
      },
      { compatibilityLine: bounceLogCompatibility, smtputf8 },
    )
  }

  #address(address: string): string {
    return logAddress(address, this.#options.infoLogAddressFormat)
  }
}

/** S-91. */
function statusOf({ kind, status }: DeliveryOutcome): string {
  return statusOfClass(status, CLASSES[kind])
}

/** What the other side said is not why a recipient waits. */
function withoutReply<Outcome extends DeliveryOutcome>(outcome: Outcome): Outcome {
  return { ...outcome, diagnostic: undefined, remoteMta: undefined }
}
