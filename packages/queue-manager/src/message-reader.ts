import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { EnvelopeRecipient, MessageEnvelope } from '@posthouse/queue-store'

import type { ActiveMessage } from './active-message.ts'
import type { AttemptEnd } from './attempt-end.ts'
import type { MessageStore } from './ports.ts'

/**
 * Reads messages in the queue `active`, with so many recipients as there may be in memory (S-59 to
 * S-61). Never rejects because of the store: what cannot be read is logged.
 */
export class MessageReader {
  readonly #store: MessageStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #end: AttemptEnd
  readonly #retryMs: number

  /** @param retryMs After which a file that could not be read is tried again. */
  constructor(
    { store, clock, log }: { store: MessageStore; clock: Clock; log: Logger },
    end: AttemptEnd,
    retryMs: number,
  ) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#end = end
    this.#retryMs = retryMs
  }

  /** Undefined if it cannot be used: then it is out of the way, for now or for good. */
  async read(id: string, limit: number): Promise<MessageEnvelope | undefined> {
    try {
      return await this.#store.readEnvelope(id, 'active', limit)
    } catch (error) {
      const code = this.#complain(id, error)
      if (code === 'corrupt') await this.#end.setAside(id)
      else if (code !== 'vanished') {
        await this.#end.putBack(id, this.#clock.now() + this.#retryMs)
      }
      return undefined
    }
  }

  /**
   * The next recipients of a message; its `unread` tells of those behind them. If they cannot be
   * read there are none left, and it is in the message what becomes of it when the others ended.
   */
  async readMore(message: ActiveMessage, limit: number): Promise<readonly EnvelopeRecipient[]> {
    const { envelope, unread, isCorrupt } = message
    message.unread = undefined
    if (unread === undefined || isCorrupt) return []
    try {
      const batch = await this.#store.readRecipients(envelope, 'active', unread, limit)
      message.unread = batch.unread
      message.expect(batch.recipients)
      return batch.recipients
    } catch (error) {
      const code = this.#complain(envelope.id, error)
      // Who removed the message, or put it on hold, wants no more of it delivered now.
      const isLeft = code !== 'vanished'
      message.deferred ||= isLeft
      message.mustStay ||= isLeft
      message.isCorrupt ||= code === 'corrupt'
      return []
    }
  }

  /** F-21: a defer log describes the latest attempt only. */
  async forgetDeferLog(id: string): Promise<void> {
    try {
      await this.#store.removeStatusLog('defer', id)
    } catch (error) {
      const text = `${id}: cannot remove the old defer log: ${reasonOf(error)}`
      this.#log.warning(text, { queueId: id })
    }
  }

  /** @returns the `code` of a `QueueFileError`, if it is one. */
  #complain(id: string, error: unknown): unknown {
    const { code, warnings = [`${id}: cannot read: ${reasonOf(error)}`] } = error as FileError
    for (const warning of warnings) this.#log.warning(warning, { queueId: id })
    return code
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What the store may reject with: a `QueueFileError`, or any other error. */
interface FileError {
  readonly code?: unknown
  readonly warnings?: readonly string[]
}

/** As much of a message as may be in memory at first; the rest is to be read from its file. */
export function firstPart(envelope: MessageEnvelope, limit: number): MessageEnvelope {
  const { recipients, unread } = envelope
  const last = recipients[limit - 1]
  if (last === undefined || recipients.length === limit) return envelope
  const atMost = recipients.length - limit + (unread?.atMost ?? 0)
  const first = recipients.slice(0, limit)
  return { ...envelope, recipients: first, unread: { atMost, behind: last.offset } }
}
