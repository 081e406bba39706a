import { parseStatusLog } from '@posthouse/bounce'
import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MessageEnvelope, SentNotice } from '@posthouse/queue-store'

import type { ActiveMessage } from './active-message.ts'
import type { DeferredQueue } from './deferred-queue.ts'
import { DeliveryJournal, logAddress } from './delivery-journal.ts'
import type { QueueManagerOptions } from './options.ts'
import type { MessageStore, NoticeRequest, QueueManagerPorts } from './ports.ts'
import { RECORD } from './trace-flags.ts'

// Scans take a file a second before its time, too (S-10).
const TOLERANCE_MS = 1000
// More are written before the end of the attempt: a message may have a million recipients.
const MAX_DEFER_ENTRIES = 1000
/** How log lines call what could not be sent. */
const NAMES = { delay: 'delay warning', trace: 'trace' } as const

/**
 * Brings the queue up to date with what became of the recipients of a message (S-30, F-20). Never
 * rejects because of the store: what cannot be written is logged, and the file stays.
 */
export class AttemptEnd {
  readonly #options: QueueManagerOptions
  readonly #store: MessageStore
  readonly #deferred: DeferredQueue
  readonly #clock: Clock
  readonly #log: Logger
  readonly #notices: QueueManagerPorts['notices']
  readonly #journal: DeliveryJournal
  /** Files that could not leave `active`. */
  readonly #stranded = new Set<string>()

  constructor(options: QueueManagerOptions, deferred: DeferredQueue, ports: QueueManagerPorts) {
    const { store, clock, log, notices } = ports
    this.#options = options
    this.#deferred = deferred
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#notices = notices
    this.#journal = new DeliveryJournal(options, ports)
  }

  /** Marks recipients as done while others of the message are still under way (F-53). */
  async mark(message: ActiveMessage): Promise<void> {
    if (message.hasUnrecorded) await this.#journal.settle(message)
    if (message.deferLog.length >= MAX_DEFER_ENTRIES) await this.#appendDeferLog(message)
    const offsets = message.takeUnmarked()
    if (offsets.length === 0) return
    try {
      await this.#store.markDone(message.id, 'active', offsets)
    } catch (error) {
      this.#warn(message.id, 'cannot mark recipients as done, will try again', error)
      for (const offset of offsets) message.markLater(offset)
    }
  }

  /** Ends the attempt. The message is no longer in `active` then, unless the store fails. */
  end(message: ActiveMessage): Promise<void> {
    if (message.marking === undefined && !message.hasNews) return this.#dispose(message)
    return this.#endWithNews(message)
  }

  async #endWithNews(message: ActiveMessage): Promise<void> {
    await message.marking
    if (message.hasNews) await this.#tell(message)
    await this.#dispose(message)
  }

  #dispose(message: ActiveMessage): Promise<void> {
    if (!message.deferred) return this.#remove(message)
    return message.isCorrupt ? this.#setAside(message) : this.#defer(message)
  }

  /**
   * Whether it is known why each recipient of a message waits, so that its sender can be told: what
   * S-15 (b) asks, and more, since a crash or an agent that died leaves a log without some of them.
   */
  async hasDeferLog({ id, recipients, unread, redirect }: MessageEnvelope): Promise<boolean> {
    try {
      const log = await this.#store.readStatusLog('defer', id)
      if (log === undefined || redirect !== undefined) return log !== undefined
      const { entries } = parseStatusLog(log, { kind: 'defer', smtputf8: true })
      const logged = new Set(entries.map(({ offset }) => offset))
      const isWhole = logged.size >= recipients.length + (unread?.atMost ?? 0)
      return isWhole && recipients.every(({ offset }) => logged.has(offset))
    } catch (error) {
      this.#warn(id, 'cannot read the defer log', error)
      return false
    }
  }

  /** Moves a message that could not be taken in out of the way, for the next attempt. */
  async putBack(id: string, retryMs: number): Promise<void> {
    try {
      if (!(await this.#deferred.defer(id, retryMs))) {
        this.#log.warning(`${id}: queue file vanished from queue "active"`, { queueId: id })
      }
    } catch (error) {
      this.#stranded.add(id)
      this.#warn(id, 'cannot move from queue "active" to queue "deferred"', error)
    }
  }

  /** Takes back what the last process left in `active` (S-3). */
  async takeBack(id: string): Promise<void> {
    try {
      await this.#store.move(id, 'active', 'incoming', { modifiedMs: this.#clock.now() })
    } catch (error) {
      this.#stranded.add(id)
      this.#warn(id, 'cannot move from queue "active" to queue "incoming"', error)
    }
  }

  /** S-19: nobody can deliver it, and somebody must look at it. */
  async setAside(id: string): Promise<void> {
    const text = `saving corrupt file "${id}" from queue "active" to queue "corrupt"`
    this.#log.warning(text, { queueId: id })
    try {
      await this.#store.move(id, 'active', 'corrupt')
    } catch (error) {
      this.#stranded.add(id)
      this.#warn(id, 'cannot move from queue "active" to queue "corrupt"', error)
    }
  }

  /** Files that could not leave `active`: call `retry` for each of them now and then. */
  takeStranded(): string[] {
    const ids = Array.from(this.#stranded)
    this.#stranded.clear()
    return ids
  }

  /** Leaves a file to somebody else. @returns whether it could not leave `active` */
  forgetStranded(id: string): boolean {
    return this.#stranded.delete(id)
  }

  /** Tries again to move a file that could not leave `active`. */
  async retry(id: string): Promise<void> {
    await this.putBack(id, this.#clock.now())
  }

  async #remove(message: ActiveMessage): Promise<void> {
    const { id } = message
    try {
      const isRemoved = await this.#store.remove(id, 'active')
      if (isRemoved || !(await this.#markMoved(message))) {
        this.#log.info(`${id}: removed`, { event: 'removed', queueId: id })
      }
    } catch (error) {
      this.#warn(id, 'cannot remove the queue file, will try again', error)
      // The next attempt must find no recipients, or all would get the message again.
      await this.#markLast(id, offsetsOf(message))
      await this.putBack(id, this.#retryMs(message))
    }
  }

  /**
   * A message was delivered while postsuper(1) put it on hold: nobody shall get it again when it is
   * released. @returns false when it was removed.
   */
  async #markMoved(message: ActiveMessage): Promise<boolean> {
    const { id } = message
    try {
      await this.#store.markDone(id, 'active', offsetsOf(message))
    } catch (error) {
      if (!isVanished(error)) throw error
      return false
    }
    const what = 'delivered, but moved from queue "active" meanwhile: all recipients are done'
    this.#log.info(`${id}: ${what}`, { queueId: id })
    return true
  }

  /**
   * Rows 1 to 5 of S-30: has told what there is to tell. What could not be done leaves the message
   * in the queue. Who is done is marked first: the log says it, and the log may be gone soon.
   */
  async #tell(message: ActiveMessage): Promise<void> {
    if (message.hasUnrecorded) await this.#journal.settle(message)
    if (message.hasBounceLog && !(await this.#send(message, 'failure', 'bounce'))) {
      message.deferred = message.mustStay = true
    }
    if (message.isCorrupt || !message.hasTraceLog) return
    if (!(await this.#send(message, 'trace', 'trace'))) message.deferred = message.mustStay = true
    else if (message.deferred && message.traceFlags === RECORD) {
      await this.#note(message.id, 'trace-report')
    }
  }

  /** Row 3 of S-30. */
  async #setAside(message: ActiveMessage): Promise<void> {
    await this.#markLast(message.id, message.takeUnmarked())
    await this.setAside(message.id)
  }

  /** Rows 6 to 8 of S-30. */
  async #defer(message: ActiveMessage): Promise<void> {
    const marking = this.#markLast(message.id, message.takeUnmarked())
    await Promise.all([marking, this.#appendDeferLog(message)])
    if (this.#isExpired(message)) {
      if (await this.#send(message, 'failure', 'defer')) return this.#remove(message)
    } else if (this.#isWarningDue(message) && (await this.#send(message, 'delay', 'defer'))) {
      await this.#note(message.id, 'delay-warning')
    }
    await this.putBack(message.id, this.#retryMs(message))
  }

  /** Has somebody told of what a log says, if there is one. @returns whether that is done. */
  async #send(
    message: ActiveMessage,
    kind: NoticeRequest['kind'],
    log: NoticeRequest['log'],
  ): Promise<boolean> {
    const { id, envelope } = message
    try {
      // What recipients wait for is known, but if it could not be written; others may have none.
      if (log !== 'defer' && (await this.#store.readStatusLog(log, id)) === undefined) return true
      if (!this.#notices.has(log)) throw new Error(`no service "${log}" in master.cf`)
      // The message goes with this one: nobody else would be told of what the log lacks.
      if (kind === 'failure' && log === 'defer' && message.mustStay) {
        throw new Error('not all that happened could be recorded or told')
      }
      await this.#markLast(id, message.takeUnmarked())
      await this.#notices.send({ kind, log, message: envelope })
      return true
    } catch (error) {
      const what = kind === 'failure' ? this.#bounceName(message, log) : NAMES[kind]
      this.#warn(id, `${log} service failure`, error)
      this.#log.info(`${id}: status=deferred (${what} failed)`, { queueId: id, reason: what })
      return false
    }
  }

  /** With VERP what failed is returned to a sender for each recipient (S-29, S-30). */
  #bounceName({ envelope }: ActiveMessage, log: NoticeRequest['log']): string {
    const { sender, verpDelimiters } = envelope
    const isVerp = log === 'bounce' && sender !== '' && verpDelimiters !== undefined
    return isVerp && !this.#options.disableVerpBounces ? 'verp-bounce' : 'bounce'
  }

  async #note(id: string, notice: SentNotice): Promise<void> {
    try {
      await this.#store.noteSent(id, 'active', notice)
    } catch (error) {
      if (!isVanished(error)) this.#warn(id, `cannot note the ${notice}, it may come again`, error)
    }
  }

  async #markLast(id: string, offsets: readonly number[]): Promise<void> {
    if (offsets.length === 0) return
    try {
      await this.#store.markDone(id, 'active', offsets)
    } catch (error) {
      // Who removed the message wants no more of it.
      if (isVanished(error)) return
      const problem = `cannot mark ${offsets.length} recipients as done, they may get a duplicate`
      this.#warn(id, problem, error)
    }
  }

  async #appendDeferLog(message: ActiveMessage): Promise<void> {
    const { id, deferLog } = message
    if (deferLog.length === 0) return
    const text = deferLog.splice(0).join('')
    try {
      if (!this.#notices.has('defer')) throw new Error('no service "defer" in master.cf')
      await this.#store.appendStatusLog('defer', id, text)
    } catch (error) {
      message.mustStay = true
      this.#warn(id, 'defer service failure', error)
    }
  }

  /** S-31: the time between attempts doubles, because it is the age. */
  #retryMs({ envelope }: ActiveMessage): number {
    const { minimalBackoffMs, maximalBackoffMs } = this.#options
    const nowMs = this.#clock.now()
    const ageMs = nowMs - envelope.createTimeMs
    return nowMs + Math.max(minimalBackoffMs, Math.min(maximalBackoffMs, ageMs))
  }

  /** S-32; the time is up also when somebody says so. */
  #isExpired({ id, envelope }: ActiveMessage): boolean {
    const { maximalQueueLifetimeMs, bounceQueueLifetimeMs, infoLogAddressFormat } = this.#options
    const { sender, createTimeMs, isForceExpired = false } = envelope
    const lifetimeMs = sender === '' ? bounceQueueLifetimeMs : maximalQueueLifetimeMs
    if (!isForceExpired && this.#clock.now() - createTimeMs < lifetimeMs) return false
    const from = logAddress(sender, infoLogAddressFormat)
    const status = isForceExpired ? 'force-expired' : 'expired'
    const text = `${id}: from=<${from}>, status=${status}, returned to sender`
    this.#log.info(text, { queueId: id, from })
    return true
  }

  /** S-33. */
  #isWarningDue({ envelope }: ActiveMessage): boolean {
    const { warningTimeMs } = envelope
    return warningTimeMs !== undefined && this.#clock.now() >= warningTimeMs - TOLERANCE_MS
  }

  #warn(id: string, problem: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warning(`${id}: ${problem}: ${reason}`, { queueId: id, reason })
  }
}

/** Of all that are not marked as done; redirected ones never are. */
function offsetsOf(message: ActiveMessage): number[] {
  const offsets = message.envelope.recipients.map(({ offset }) => offset)
  return [...offsets, ...message.takeUnmarked()]
}

function isVanished(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'vanished'
}
