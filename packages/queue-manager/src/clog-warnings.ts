import type { Logger } from '@posthouse/mail-log'
import type { Crowd } from '@posthouse/scheduler'

/** When to warn, and what the warnings are to know. */
export interface ClogOptions {
  /** `qmgr_message_active_limit`. */
  readonly messageActiveLimit: number
  /** `qmgr_clog_warn_time`. */
  readonly clogWarnMs: number
}

/** Warns of a destination that has much of the active queue to itself (S-85). */
export class ClogWarnings {
  readonly #options: ClogOptions
  readonly #log: Logger
  /** When each was warned of last, in that order. */
  readonly #warned = new Map<string, number>()

  constructor(options: ClogOptions, log: Logger) {
    this.#options = options
    this.#log = log
  }

  /**
   * @param nexthop As it is to be called.
   * @param messages In memory.
   */
  observe(crowd: Crowd, nexthop: string, messages: number, nowMs: number): void {
    this.#forget(nowMs)
    const key = `${crowd.transport}:${crowd.destination}`
    if (this.#warned.has(key)) return
    this.#warned.set(key, nowMs)
    for (const line of this.#lines(crowd, nexthop, messages)) this.#log.warning(line)
  }

  #forget(nowMs: number): void {
    for (const [key, warnedMs] of this.#warned) {
      if (nowMs - warnedMs < this.#options.clogWarnMs) return
      this.#warned.delete(key)
    }
  }

  #lines(crowd: Crowd, nexthop: string, messages: number): string[] {
    const { entries } = crowd
    return [
      `mail for ${nexthop} is using up ${entries} of ${messages} active queue entries`,
      ...(entries < 0.9 * messages ? ['this may slow down other mail deliveries'] : []),
      ...this.#advice(crowd, nexthop, entries / messages),
      'please avoid flushing the whole queue when you have',
      'lots of deferred mail, that is bad for performance',
      'to turn off these warnings specify: qmgr_clog_warn_time = 0',
    ]
  }

  #advice({ transport, busy, limit, window, isAlone }: Crowd, nexthop: string, share: number) {
    const { messageActiveLimit } = this.#options
    const increase = 'you may need to increase the main.cf'
    if (limit > 0 && limit <= busy + 1) {
      return [`${increase} ${transport}_destination_concurrency_limit from ${limit}`]
    }
    if (window > messageActiveLimit * share) {
      return [`${increase} qmgr_message_active_limit from ${messageActiveLimit}`]
    }
    if (!isAlone) return [`you may need a separate master.cf transport for ${nexthop}`]
    return [
      `you may need to reduce ${transport} connect and helo timeouts`,
      'so that Postfix quickly skips unavailable hosts',
      `${increase} minimal_backoff_time and maximal_backoff_time`,
      'so that Postfix wastes less time on undeliverable mail',
      `you may need to increase the master.cf ${transport} process limit`,
    ]
  }
}
