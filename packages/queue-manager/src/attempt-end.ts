import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import type { ActiveMessage } from './active-message.ts'
import type { DeferredQueue } from './deferred-queue.ts'
import { logAddress } from './delivery-journal.ts'
import type { QueueManagerOptions } from './options.ts'
import type { MessageStore, QueueManagerPorts } from './ports.ts'

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
  /** Files that could not leave `active`. */
  readonly #stranded = new Set<string>()

  constructor(
    options: QueueManagerOptions,
    deferred: DeferredQueue,
    { store, clock, log }: QueueManagerPorts,
  ) {
    this.#options = options
    this.#deferred = deferred
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** Marks recipients as done while others of the message are still under way (F-53). */
  async mark(message: ActiveMessage): Promise<void> {
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
  async end(message: ActiveMessage): Promise<void> {
    await message.marking
    if (message.deferred) await this.#defer(message)
    else await this.#remove(message)
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

  async #defer(message: ActiveMessage): Promise<void> {
    const marking = this.#markLast(message.id, message.takeUnmarked())
    await Promise.all([marking, this.#appendDeferLog(message)])
    this.#warnOfMissingNotices(message)
    await this.putBack(message.id, this.#retryMs(message))
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

  async #appendDeferLog({ id, deferLog }: ActiveMessage): Promise<void> {
    if (deferLog.length === 0) return
    try {
      await this.#store.appendStatusLog('defer', id, deferLog.join(''))
    } catch (error) {
      this.#warn(id, 'cannot write the defer log', error)
    }
  }

  /** S-31: the time between attempts doubles, because it is the age. */
  #retryMs({ envelope }: ActiveMessage): number {
    const { minimalBackoffMs, maximalBackoffMs } = this.#options
    const nowMs = this.#clock.now()
    const ageMs = nowMs - envelope.createTimeMs
    return nowMs + Math.max(minimalBackoffMs, Math.min(maximalBackoffMs, ageMs))
  }

  /** S-32, S-33: what Postfix would tell the sender now. */
  #warnOfMissingNotices({ id, envelope }: ActiveMessage): void {
    const { maximalQueueLifetimeMs, bounceQueueLifetimeMs, infoLogAddressFormat } = this.#options
    const { sender, createTimeMs, warningTimeMs } = envelope
    const nowMs = this.#clock.now()
    const lifetimeMs =
      sender === ''
        ? Math.min(bounceQueueLifetimeMs, maximalQueueLifetimeMs)
        : maximalQueueLifetimeMs
    const from = logAddress(sender, infoLogAddressFormat)
    const start = `${id}: from=<${from}>`
    const fields = { queueId: id, from }
    if (nowMs - createTimeMs >= lifetimeMs) {
      this.#log.warning(
        `${start}, expired, but kept in the queue: bounce messages are not available yet`,
        fields,
      )
    } else if (warningTimeMs !== undefined && nowMs >= warningTimeMs - 1000) {
      this.#log.warning(`${start}, delayed: delay warnings are not available yet`, fields)
    }
  }

  #warn(id: string, problem: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warning(`${id}: ${problem}: ${reason}`, { queueId: id, reason })
  }
}

function offsetsOf({ envelope }: ActiveMessage): number[] {
  return envelope.recipients.map(({ offset }) => offset)
}

function isVanished(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'vanished'
}
