import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import type { SmtpClientOptions } from './options.ts'
import type { SmtpDelivery } from './request.ts'
import type { SmtpSession } from './session.ts'

/** Who sees to what is left to be done when the outcomes are known. */
export interface EndContext {
  readonly goOn: (work: Promise<void>) => void
}

/** Who sets the limit, and measures. */
interface TimeContext extends EndContext {
  readonly options: Pick<SmtpClientOptions, 'deliveryTimeLimitMs'>
  readonly clock: Clock
  readonly log: Logger
}

/** The time that one delivery may take, as a watchdog of Postfix has it (G-89). */
export class DeliveryTime {
  #isOver = false
  #session: SmtpSession | undefined
  #leaving: Promise<void> | undefined
  #goOn: EndContext['goOn'] = () => undefined
  #cancel: () => void = () => undefined

  /** From now on. */
  start(context: TimeContext, { queueId, nexthop }: SmtpDelivery): void {
    const { options, clock, log, goOn } = context
    this.#goOn = goOn
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
    if (this.#leaving !== undefined) return
    this.#session = session
    if (this.#isOver) session?.giveUp()
  }

  /** Its last session ends without anybody who waits for it, but within the time, too. */
  leave(leaving: Promise<void>): undefined {
    this.#leaving = leaving
  }

  /** The delivery has ended. */
  stop(): void {
    if (this.#leaving === undefined) this.#cancel()
    else this.#goOn(this.#leaving.finally(() => this.#cancel()))
  }
}
