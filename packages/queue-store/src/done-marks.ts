import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { QueueFileError } from './errors.ts'
import { errorReason, type QueueFileSystem } from './file-system.ts'
import type { EnvelopeRecipient } from './message.ts'
import { isVanished, type MessageFiles } from './message-files.ts'
import type { QueueName } from './queue-name.ts'
import { RecordType } from './record.ts'

const DONE = Uint8Array.of(RecordType.done)
const RETRY_MS = 10_000
/** Of more messages than this, none is read until some have their marks. */
const MAX_MESSAGES = 10_000
/** So many failures in a row are no matter of a single file: the others have their turn later. */
const MAX_FAILURES = 16
const NONE: ReadonlySet<number> = new Set()

/** What marks are written with. */
export interface DoneMarksContext {
  readonly files: QueueFileSystem
  readonly messages: MessageFiles
  readonly clock: Clock
  readonly log: Logger
}

/** Offsets of recipients whose marks are missing, and where the message was last seen. */
interface Missing {
  readonly queue: QueueName
  readonly offsets: ReadonlySet<number>
}

/**
 * Marks recipients as done (F-53). What the disk refuses is remembered, and tried again every 10 s,
 * with each mark of the same message, at the end of an attempt and at a close: as long as the
 * process lives nobody gets a message twice for it. Only what ends the process first, leaves
 * recipients without their marks, to whom the next one delivers again.
 */
export class DoneMarks {
  readonly #context: DoneMarksContext
  /** By id; who was tried last is last. */
  readonly #missing = new Map<string, Missing>()
  #cancelRetry: (() => void) | undefined

  constructor(context: DoneMarksContext) {
    this.#context = context
  }

  /** So many are remembered that no message may be delivered that would add to them. */
  get isFull(): boolean {
    return this.#missing.size >= MAX_MESSAGES
  }

  /** Writes marks, and those that could not be written before. */
  async write(id: string, queue: QueueName, offsets: readonly number[]): Promise<void> {
    const all = new Set([...(this.#missing.get(id)?.offsets ?? NONE), ...offsets])
    try {
      const { file } = await this.#context.messages.openMoved(id, queue)
      await this.#write(file, all)
      this.#settled(id, all)
    } catch (error) {
      if (isVanished(error)) this.forget(id)
      else this.#remember(id, queue, all)
      throw error
    }
  }

  /** Writes what is missing of a message that is about to be moved. */
  async settle(id: string, queue: QueueName): Promise<void> {
    if (!this.#missing.has(id)) return
    try {
      await this.write(id, queue, [])
    } catch (error) {
      this.#context.log.warning(
        `${id}: still cannot mark recipients as done: ${errorReason(error)}`,
      )
    }
  }

  /** Leaves out recipients whose marks could not be written, and tries to write them. */
  async apply<Read extends { readonly recipients: readonly EnvelopeRecipient[] }>(
    read: Read,
    id: string,
    queue: QueueName,
  ): Promise<Read> {
    const done = this.#missing.get(id)?.offsets
    if (done === undefined) {
      if (this.isFull) throw tooMany()
      return read
    }
    await this.settle(id, queue)
    const recipients = read.recipients.filter(({ offset }) => !done.has(offset))
    return { ...read, recipients }
  }

  /** The message is gone: another one may get its id. */
  forget(id: string): void {
    if (this.#missing.size > 0) this.#missing.delete(id)
  }

  /** Tries a last time, and says of which messages recipients are to get a second copy. */
  async close(): Promise<void> {
    this.#cancelRetry?.()
    for (const [id, { queue }] of [...this.#missing]) await this.settle(id, queue)
    for (const [id, { offsets }] of this.#missing) {
      this.#context.log.error(
        `${id}: ${offsets.size} recipients have the message but no mark in its file: ` +
          'after the next start they get it again',
      )
    }
    this.#missing.clear()
  }

  // Another call may have added to what is missing, or written some of it, meanwhile.
  #remember(id: string, queue: QueueName, offsets: ReadonlySet<number>): void {
    const all = new Set([...(this.#missing.get(id)?.offsets ?? NONE), ...offsets])
    this.#missing.delete(id)
    this.#missing.set(id, { queue, offsets: all })
    this.#retryLater()
  }

  #settled(id: string, written: ReadonlySet<number>): void {
    const missing = this.#missing.get(id)
    if (missing === undefined) return
    const offsets = new Set([...missing.offsets].filter((offset) => !written.has(offset)))
    if (offsets.size === 0) this.forget(id)
    else this.#missing.set(id, { ...missing, offsets })
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#context.clock.after(RETRY_MS, () => void this.#retryAll())
  }

  async #retryAll(): Promise<void> {
    let failures = 0
    for (const [id, { queue, offsets }] of [...this.#missing]) {
      if (failures >= MAX_FAILURES) break
      if (this.#missing.get(id)?.offsets !== offsets) continue // It had its turn meanwhile.
      try {
        await this.#rewrite(id, queue, offsets)
        this.#settled(id, offsets)
        failures = 0
      } catch (error) {
        failures += 1
        if (isVanished(error)) this.forget(id)
        else if (this.#missing.has(id)) this.#remember(id, queue, offsets)
      }
    }
    this.#cancelRetry = undefined
    if (this.#missing.size > 0) this.#retryLater()
  }

  // The stamp says when the message is due (F-15), which a mark has nothing to do with.
  async #rewrite(id: string, queue: QueueName, offsets: Iterable<number>): Promise<void> {
    const { files, messages, log } = this.#context
    const { file, path } = await messages.openMoved(id, queue)
    const { modifiedMs } = files.fstat(file)
    await this.#write(file, offsets)
    log.info(`${id}: recipients are marked as done after all`)
    try {
      await files.utimes(path, modifiedMs, modifiedMs)
    } catch (error) {
      log.warning(`${id}: cannot set its time back, it is due now: ${errorReason(error)}`)
    }
  }

  async #write(file: number, offsets: Iterable<number>): Promise<void> {
    const { files } = this.#context
    try {
      for (const offset of offsets) await files.pwrite(file, DONE, offset)
    } finally {
      files.close(file)
    }
  }
}

function tooMany(): QueueFileError {
  const text = `recipients of ${MAX_MESSAGES} messages cannot be marked as done: no more are read`
  return new QueueFileError('write', text)
}
