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
  #isOver = false
  #session: SmtpSession | undefined
  #cancel: () => void = () => undefined

  /** From now on. */
  start({ options, clock, log }: TimeContext, { queueId, nexthop }: SmtpDelivery): void {
    const { deliveryTimeLimitMs: limitMs } = options
    this.#cancel = clock.after(limitMs, () => {
      const limit = `daemon_timeout (${limitMs / 1000} s)`
      const text = `${queueId}: delivery to ${nexthop} is not over after ${limit}: giving up`
      log.warning(text, { queueId })
      this.#isOver = true
      this.#session?.giveUp()
    })
  }

  /** No server may be asked any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The delivery waits for this session now, which ends with the time; undefined: for none. */
  spendOn(session: SmtpSession | undefined): void {
    this.#session = session
    if (this.#isOver) session?.giveUp()
  }

  /** The delivery has ended. */
  stop(): void {
    this.#cancel()
  }
}
