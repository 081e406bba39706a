import type { DeliveryOutcome, OutcomeFields } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'

import type { Failure } from './failure.ts'
import type { SmtpClientOptions } from './options.ts'
import type { SmtpReport } from './request.ts'

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

type OutcomeOptions = Pick<SmtpClientOptions, 'softBounce' | 'showTlsFeature'>

/**
 * What became of the recipients of one request so far: who is open, what to say of those who stay
 * open to the end, and whether the destination is to blame (C-91, C-96, C-98).
 */
export class Outcomes {
  readonly #queueId: string
  readonly #options: OutcomeOptions
  readonly #log: Logger
  readonly #outcomes: (DeliveryOutcome | undefined)[]
  #open: number
  #reason: Failure | undefined
  #blame: SmtpReport['blame']
  #completed = false
  /** What is known of TLS with the server that was tried last: `tls=` (C-107). */
  tls: string | undefined

  constructor(queueId: string, recipients: number, options: OutcomeOptions, log: Logger) {
    this.#queueId = queueId
    this.#options = options
    this.#log = log
    this.#outcomes = new Array<DeliveryOutcome | undefined>(recipients).fill(undefined)
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

  /** Whether the destination was found to be out of service. */
  get blamed(): boolean {
    return this.#blame !== undefined
  }

  isOpen(index: number): boolean {
    return this.#outcomes[index] === undefined
  }

  /** Indexes of the open recipients. */
  openIndexes(): number[] {
    const indexes: number[] = []
    for (let index = 0; index < this.#outcomes.length; index++) {
      if (this.#outcomes[index] === undefined) indexes.push(index)
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
    for (const index of indexes) {
      if (this.#outcomes[index] !== undefined) continue
      this.#close(index, {
        kind: 'sent',
        ...outcomeFields(status, reply, reply, facts),
        isFinal: facts.isFinalDelivery || undefined,
        isReportedByServer: facts.dsn || undefined,
      })
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
    const fields = outcomeFields(failure.status, failure.text, failure.reply, facts)
    for (const index of open) this.#close(index, { kind: hard ? 'bounced' : 'deferred', ...fields })

    const hostFailure = failure.kind === 'host' || failure.kind === 'exception'
    if (hostFailure && !hard && !this.#completed) {
      this.#blame ??= { status: failure.status, reason: failure.text }
    }
  }

  /** Call when no recipient is open. */
  report(): SmtpReport {
    const outcomes = this.#outcomes.filter((outcome) => outcome !== undefined)
    return this.#blame === undefined ? { outcomes } : { outcomes, blame: this.#blame }
  }

  #close(index: number, outcome: DeliveryOutcome): void {
    const { showTlsFeature } = this.#options
    this.#outcomes[index] = showTlsFeature ? { ...outcome, tls: this.tls } : outcome
    this.#open--
  }
}

function outcomeFields(
  status: string,
  text: string,
  reply: string | undefined,
  { relay, serverName, uses = 1, setupDoneMs, doneMs }: AttemptFacts,
): OutcomeFields {
  const connUse = uses > 1 ? uses : undefined
  const remoteMta = reply === undefined ? undefined : serverName
  return { status, text, relay, connUse, setupDoneMs, doneMs, remoteMta, diagnostic: reply }
}
