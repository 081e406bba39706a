import type { DeliveryOutcome, OutcomeFields } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'

import type { Failure } from './failure.ts'
import type { SmtpClientOptions } from './options.ts'
import type { SmtpReport } from './request.ts'
import { filterOutcomes } from './status-filter.ts'

/** Who was asked, and when; goes into every outcome of one attempt. */
export interface AttemptFacts {
  /** `name[address]:port`, or `none`. */
  readonly relay: string
  /** The server's name, absent if none was asked. */
  readonly serverName?: string | undefined
  /** Deliveries in this session. */
  readonly uses?: number | undefined
  readonly setupDoneMs?: number | undefined
  readonly doneMs: number
  /** Whether no other server will be tried for who is left open (C-28). */
  readonly final: boolean
  /** The server offers DSN: it reports what NOTIFY asks for (C-102). */
  readonly dsn?: boolean
  /** The server puts messages where they belong, and hands none on. */
  readonly isFinalDelivery?: boolean
}

type OutcomeOptions = Pick<
  SmtpClientOptions,
  'softBounce' | 'showTlsFeature' | 'deliveryStatusFilter'
>

/** A failure of a server as a whole, and who was open then, by index. */
interface HostFailure {
  readonly failure: Failure
  readonly indexes: readonly number[]
}

/**
 * What became of the recipients of one request so far: who is open, what to say of those who stay
 * open to the end, and whether the destination is to blame (C-91, C-96, C-98).
 */
export class Outcomes {
  readonly #queueId: string
  readonly #options: OutcomeOptions
  readonly #log: Logger
  readonly #recipients: number
  readonly #outcomes: (DeliveryOutcome | undefined)[] = []
  #open: number
  #reason: Failure | undefined
  #hostFailure: HostFailure | undefined
  #completed = false
  /** What is known of TLS with the server that was tried last: `tls=` (C-107). */
  tls: string | undefined

  constructor(queueId: string, recipients: number, options: OutcomeOptions, log: Logger) {
    this.#queueId = queueId
    this.#options = options
    this.#log = log
    this.#recipients = recipients
    this.#open = recipients
  }

  /** Recipients without an outcome. */
  get open(): number {
    return this.#open
  }

  /** Why the last server or destination was of no use (C-96). */
  get reason(): Failure | undefined {
    return this.#reason
  }

  /** Whether the destination failed as a whole. */
  get blamed(): boolean {
    return this.#hostFailure !== undefined
  }

  isOpen(index: number): boolean {
    return this.#outcomes[index] === undefined
  }

  /** Indexes of the open recipients. */
  openIndexes(): number[] {
    const indexes: number[] = []
    for (let index = 0; index < this.#recipients; index++) {
      if (this.isOpen(index)) indexes.push(index)
    }
    return indexes
  }

  /** Remembers why there was no session, for recipients that stay open (C-96). */
  remember(failure: Failure): void {
    this.#reason = failure
  }

  /** A session ran to its end, whatever the replies: the destination is alive (C-98). */
  completeSession(): void {
    this.#completed = true
  }

  /** The server took the message for these recipients. */
  deliver(indexes: readonly number[], status: string, reply: string, facts: AttemptFacts): void {
    const outcome: DeliveryOutcome = {
      ...this.#fields(status, reply, reply, facts),
      kind: 'sent',
      isFinal: facts.isFinalDelivery || undefined,
      isReportedByServer: facts.dsn || undefined,
    }
    for (const index of indexes) {
      if (this.isOpen(index)) this.#close(index, outcome)
    }
  }

  /** Decides about these recipients, or keeps them open for the next server (C-91). */
  fail(indexes: readonly number[], failure: Failure, facts: AttemptFacts): void {
    const open = indexes.filter((index) => this.isOpen(index))
    if (open.length === 0) return
    const hard = failure.status.startsWith('5')
    if (!facts.final && (!hard || this.#options.softBounce || failure.kind === 'unsupported')) {
      this.#reason = failure
      const queueId = this.#queueId
      const { relay } = facts
      this.#log.info(`${queueId}: ${failure.text}`, { queueId, relay, reason: failure.text })
      return
    }
    const fields = this.#fields(failure.status, failure.text, failure.reply, facts)
    const outcome: DeliveryOutcome = { ...fields, kind: hard ? 'bounced' : 'deferred' }
    for (const index of open) this.#close(index, outcome)

    const isOfHost = failure.kind === 'host' || failure.kind === 'exception'
    if (isOfHost && !this.#completed) this.#hostFailure ??= { failure, indexes: open }
  }

  /** Call when no recipient is open. A promise only if outcomes are filtered (C-100). */
  report(): SmtpReport | Promise<SmtpReport> {
    const outcomes = this.#outcomes.filter((outcome) => outcome !== undefined)
    const { deliveryStatusFilter: filter } = this.#options
    if (filter === undefined) return this.#reportOf(outcomes)
    return filterOutcomes(outcomes, filter, this.#log).then((known) => this.#reportOf(known))
  }

  #reportOf(outcomes: readonly DeliveryOutcome[]): SmtpReport {
    const blame = this.#hostFailure && this.#blame(this.#hostFailure, outcomes)
    return blame === undefined ? { outcomes } : { outcomes, blame }
  }

  /** A destination is to blame for recipients that wait; with `soft_bounce` bounces do (C-98). */
  #blame(
    { failure, indexes }: HostFailure,
    outcomes: readonly DeliveryOutcome[],
  ): SmtpReport['blame'] {
    const { softBounce } = this.#options
    const waits = ({ kind }: DeliveryOutcome): boolean =>
      kind === 'deferred' || (kind === 'bounced' && softBounce)
    if (!indexes.some((index) => waits(outcomes[index]!))) return undefined
    const { status, text: reason } = failure
    // A hard status is none for who is put off: Postfix passes over it, too.
    return { status: status.startsWith('5') ? '4.0.0' : status, reason }
  }

  #close(index: number, outcome: DeliveryOutcome): void {
    this.#outcomes[index] = outcome
    this.#open--
  }

  #fields(
    status: string,
    text: string,
    reply: string | undefined,
    { relay, serverName, uses = 1, setupDoneMs, doneMs }: AttemptFacts,
  ): OutcomeFields {
    const connUse = uses > 1 ? uses : undefined
    const remoteMta = reply === undefined ? undefined : serverName
    const tls = this.#options.showTlsFeature ? this.tls : undefined
    const diagnostic = reply
    return { status, text, relay, connUse, tls, setupDoneMs, doneMs, remoteMta, diagnostic }
  }
}
