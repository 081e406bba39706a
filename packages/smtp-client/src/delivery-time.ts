import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import type { SmtpClientOptions } from './options.ts'
import type { SmtpDelivery } from './request.ts'
import type { SmtpSession } from './session.ts'

/** Who sets the limit, and measures. */
interface TimeContext {
  readonly options: Pick<SmtpClientOptions, 'deliveryTimeLimitMs'>
  readonly clock: Clock
  readonly log: Logger
}

/** The time that one delivery may take, as a watchdog of Postfix has it (G-89). */
export class DeliveryTime {
  /** As the clock of the client tells it. */
  readonly endMs: number
  readonly #context: TimeContext
  readonly #delivery: SmtpDelivery
  #isOver = false
  #session: SmtpSession | undefined
  #leaving: Promise<void> | undefined

  /** From now on. */
  constructor(context: TimeContext, delivery: SmtpDelivery) {
    this.#context = context
    this.#delivery = delivery
    this.endMs = context.clock.now() + context.options.deliveryTimeLimitMs
  }

  /** No server may be asked any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What is left to be done when the outcomes are known. */
  get leaving(): Promise<void> | undefined {
    return this.#leaving
  }

  /** It is `endMs`. */
  end(): void {
    const { options, log } = this.#context
    const { queueId, nexthop } = this.#delivery
    const limit = `daemon_timeout (${options.deliveryTimeLimitMs / 1000} s)`
    const text = `${queueId}: delivery to ${nexthop} is not over after ${limit}: giving up`
    log.warning(text, { queueId })
    this.#isOver = true
    this.#session?.giveUp()
  }

  /** The delivery waits for this session now, which ends with the time; undefined: for none. */
  spendOn(session: SmtpSession | undefined): void {
    if (this.#leaving !== undefined) return
    this.#session = session
    if (this.#isOver) session?.giveUp()
  }

  /** Its last session ends without anybody who waits for it, but within the time, too. */
  leave(leaving: Promise<void>): undefined {
    this.#leaving = leaving
  }
}
