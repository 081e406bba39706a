import type { Logger } from '@posthouse/mail-log'

import { QueueFileError } from './errors.ts'
import { errorReason, type QueueFileSystem } from './file-system.ts'
import type { RecipientBatch } from './message.ts'
import type { QueueName } from './queue-name.ts'
import { RecordType } from './record.ts'

const DONE = Uint8Array.of(RecordType.done)
const MAX_MESSAGES = 10_000
const NONE: ReadonlySet<number> = new Set()

/** Opens the file of a message, for reading and writing. */
export type OpenForUpdate = (id: string, queue: QueueName) => Promise<number>

/**
 * Marks recipients as done (F-53). What the disk refuses is remembered as long as the process
 * lives, so that nobody gets a message twice; of more messages than 10,000, the oldest are
 * forgotten.
 */
export class DoneMarks {
  readonly #files: QueueFileSystem
  readonly #open: OpenForUpdate
  readonly #log: Logger
  /** Offsets that are not written, by id. */
  readonly #unwritten = new Map<string, ReadonlySet<number>>()

  constructor(files: QueueFileSystem, open: OpenForUpdate, log: Logger) {
    this.#files = files
    this.#open = open
    this.#log = log
  }

  /** Writes marks, and those that could not be written before. */
  async write(id: string, queue: QueueName, offsets: readonly number[]): Promise<void> {
    const unwritten = this.#unwritten.get(id) ?? NONE
    try {
      await this.#write(id, queue, [...unwritten, ...offsets])
      this.forget(id)
    } catch (error) {
      const isVanished = error instanceof QueueFileError && error.code === 'vanished'
      if (!isVanished) this.#remember(id, new Set([...unwritten, ...offsets]))
      throw error
    }
  }

  /** Leaves out recipients whose marks could not be written, and tries to write them. */
  async apply<T extends RecipientBatch>(batch: T, id: string, queue: QueueName): Promise<T> {
    const done = this.#unwritten.get(id)
    if (done === undefined) return batch
    try {
      await this.write(id, queue, [])
    } catch (error) {
      this.#log.warning(`${id}: still cannot mark recipients as done: ${errorReason(error)}`)
    }
    const recipients = batch.recipients.filter(({ offset }) => !done.has(offset))
    return { ...batch, recipients }
  }

  /** The message is gone: another one may get its id. */
  forget(id: string): void {
    this.#unwritten.delete(id)
  }

  #remember(id: string, offsets: ReadonlySet<number>): void {
    this.#unwritten.set(id, offsets)
    const [oldest] = this.#unwritten.keys()
    if (oldest !== undefined && this.#unwritten.size > MAX_MESSAGES) this.forget(oldest)
  }

  async #write(id: string, queue: QueueName, offsets: readonly number[]): Promise<void> {
    const file = await this.#open(id, queue)
    try {
      for (const offset of offsets) await this.#files.pwrite(file, DONE, offset)
    } finally {
      this.#files.close(file)
    }
  }
}
