import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { type CachedText, ContentCache } from './content-cache.ts'
import { readContentText } from './content-text.ts'
import { DoneMarks } from './done-marks.ts'
import { noteSent, type SentNotice } from './envelope-edit.ts'
import { QueueFileError } from './errors.ts'
import { recordReader } from './file-records.ts'
import { errorCode, type QueueFileSystem } from './file-system.ts'
import type { MessageEnvelope, RecipientBatch, UnreadRecipients } from './message.ts'
import { MessageFiles } from './message-files.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { QueueDirectories } from './queue-directories.ts'
import { QueueFileCreator } from './queue-file-creator.ts'
import type { QueueFileDraft } from './queue-file-draft.ts'
import type { MessageQueue, StatusLogKind } from './queue-name.ts'
import { type HashingOptions, QueuePaths } from './queue-path.ts'
import { type QueueListener, QueueWatch } from './queue-watch.ts'
import { BadRecordError } from './record-reader.ts'
import { type QueueEntry, readyEntries, scanDirectory } from './scan.ts'
import { SpareFiles } from './spare-files.ts'
import { StatusLogs } from './status-log.ts'
import { StoredEnvelopes } from './stored-envelopes.ts'
import { removeUnfinished } from './unfinished-files.ts'
import { DEFAULT_VERP_DELIMITER_FILTER } from './verp-delimiters.ts'
import { type WrittenFile, WrittenFiles } from './written-files.ts'

const CONTENT_WINDOW_BYTES = 64 * 1024
const MAX_SPARES = 64 // Sessions that write side by side are seldom more.
const MAX_SPARE_BYTES = 64 * 1024
/** That a file is there is known for so long without a look. */
const SEEN_MS = 1000

/** What a store is made of. */
export interface QueueStoreOptions extends HashingOptions {
  /** `enable_long_queue_ids`. */
  readonly longQueueIds: boolean
  /** Text of just-written messages to keep in memory, in bytes; 0 keeps none. */
  readonly contentCacheBytes: number
  readonly clock: Clock
  readonly log: Logger
  /** Part of the names of temporary files, to tell processes apart; 0 if there is only one. */
  readonly processId?: number
  /** `verp_delimiter_filter`; `-=+` if not given. */
  readonly verpDelimiterFilter?: string
  /** The disk; that of this machine if not given. */
  readonly fileSystem?: QueueFileSystem
}

interface Parts {
  readonly files: QueueFileSystem
  readonly paths: QueuePaths
  readonly directories: QueueDirectories
  readonly statusLogs: StatusLogs
  readonly cache: ContentCache
  readonly spares: SpareFiles
  readonly written: WrittenFiles
  /** Ends the disk that the store made for itself. */
  readonly end: () => void
}

/**
 * The queue directories of Postfix, and the files in them. One process writes to a queue
 * directory: there are no locks yet (F-16).
 *
 * Methods reject with the error of the system call where no other is named.
 */
export class QueueStore {
  readonly #options: QueueStoreOptions
  readonly #parts: Parts
  readonly #creator: QueueFileCreator
  readonly #messages: MessageFiles
  readonly #marks: DoneMarks
  readonly #envelopes: StoredEnvelopes

  private constructor(options: QueueStoreOptions, parts: Parts) {
    const { log, processId = 0, longQueueIds, clock } = options
    this.#options = options
    this.#parts = parts
    const verpDelimiterFilter = options.verpDelimiterFilter ?? DEFAULT_VERP_DELIMITER_FILTER
    this.#messages = new MessageFiles(parts.files, parts.paths, options.directory)
    this.#marks = new DoneMarks({ files: parts.files, messages: this.#messages, clock, log })
    const context = { ...parts, marks: this.#marks, clock, log, verpDelimiterFilter }
    this.#envelopes = new StoredEnvelopes({ ...context, directory: options.directory }, (path) =>
      this.#messages.open(path, 'read'),
    )
    this.#creator = new QueueFileCreator(context, { longQueueIds, processId })
  }

  /**
   * Makes what is missing of the directories `incoming`, `active`, `deferred`, `hold`, `corrupt`,
   * `bounce`, `defer` and `trace` (F-1), and of `spare`, which is ours; mode 0700. The queue
   * directory itself must exist.
   */
  static async open(options: QueueStoreOptions): Promise<QueueStore> {
    const own = nodeFileSystem(() => options.clock.now())
    const files = options.fileSystem ?? own
    const paths = new QueuePaths(options)
    const syncsEntries = await files.syncsEntries(options.directory)
    const directories = new QueueDirectories(files, paths, syncsEntries)
    await directories.makeQueues()
    const statusLogs = new StatusLogs(files, paths, directories, !options.longQueueIds)
    await statusLogs.open()
    const cache = new ContentCache(options.contentCacheBytes)
    // Without the order of a journal, a message could come back under the name of another.
    const maxFiles = syncsEntries ? MAX_SPARES : 0
    const written = new WrittenFiles(files, maxFiles)
    const spares = new SpareFiles(files, {
      directory: `${options.directory}/spare`,
      maxFiles,
      clock: options.clock,
      log: options.log,
    })
    await spares.open()
    const end = (): void => own.end()
    const parts = { files, end, paths, directories, statusLogs, cache, spares, written }
    return new QueueStore(options, parts)
  }

  /**
   * A new file in `incoming`, not ready, with its id (F-10, steps 1 and 2). Waits for as long as
   * files cannot be made, trying again every 10 s; where no more files may be open, one waits.
   *
   * @throws {QueueFileError} `write` when the store was closed, no name could be given, or no file
   * may be opened while somebody waits for that already.
   */
  create(): Promise<QueueFileDraft> {
    return this.#creator.create()
  }

  /**
   * A `create` waits: whoever comes now would do so, too. Or so many recipients cannot be marked as
   * done that no message is read.
   */
  get isWaitingForDisk(): boolean {
    return this.#creator.isWaiting || this.#marks.isFull
  }

  /**
   * Removes what a process that was killed left half-written in `incoming`. Only for who has the
   * queue to itself, before the first `create`. postsuper(1) waits seven days for that (F-24).
   *
   * @returns the number of files.
   */
  removeUnfinished(): Promise<number> {
    const { files, paths } = this.#parts
    return removeUnfinished(files, paths.queue('incoming'))
  }

  /**
   * The ready files of a queue, in its hash directories too (F-13, F-14). Reads on only as fast as
   * it is asked. In order of name within 1024 names of a directory: more come in such pieces.
   * A file that is moved meanwhile may be seen or not.
   */
  scan(queue: MessageQueue): AsyncGenerator<QueueEntry, void, void> {
    const { files, paths } = this.#parts
    const { directory, log, clock } = this.#options
    const names = scanDirectory(files, paths.queue(queue))
    return readyEntries(files, names, { directory, log, now: () => clock.now() })
  }

  /**
   * Tells of changes to the files of a queue, whoever makes them, until it is closed. Rejects with
   * the error of the system if that cannot be done: the other way is `scan`, now and then.
   */
  watch(queue: MessageQueue, listener: QueueListener): Promise<QueueWatch> {
    const { files, paths } = this.#parts
    const { directory, log, clock } = this.#options
    const warn = (text: string): void => log.warning(text)
    return QueueWatch.open({
      files,
      directory: paths.queue(queue),
      depth: paths.hashDirectories(queue, 'x').length,
      pathOf: (id) => paths.file(queue, id),
      check: { directory, warn, now: () => clock.now() },
      listener,
    })
  }

  /**
   * Moves a message to another queue, by renaming it.
   *
   * @param options `modifiedMs` is the stamp to put on the file before it moves, in milliseconds
   * since 1970 (F-15).
   * @returns false when the file has vanished.
   */
  async move(
    id: string,
    from: MessageQueue,
    to: MessageQueue,
    options: { readonly modifiedMs?: number } = {},
  ): Promise<boolean> {
    const { files, paths, directories, cache, written } = this.#parts
    if (to !== 'active') written.close(id)
    const source = paths.file(from, id)
    const target = paths.file(to, id)
    const { modifiedMs } = options
    await this.#marks.settle(id, from)
    try {
      if (modifiedMs !== undefined) await files.utimes(source, modifiedMs, modifiedMs)
      await directories.makingHashDirectories(to, id, () => files.rename(source, target))
      return true
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      cache.delete(id)
      return false
    }
  }

  /**
   * Removes a message and its cached content.
   *
   * @returns false when the file has vanished already: somebody removed it, or moved it.
   */
  async remove(id: string, queue: MessageQueue): Promise<boolean> {
    const { files, paths, cache, spares, written } = this.#parts
    const path = paths.file(queue, id)
    // Emptying a large file takes long, and most messages are small.
    const isSmall = (cache.delete(id) ?? Number.POSITIVE_INFINITY) <= MAX_SPARE_BYTES
    // Of a message that waited behind others, the file was closed.
    let file = written.take(id) ?? (isSmall && spares.isWanting ? this.#reopen(path) : undefined)
    try {
      if (file !== undefined && isSmall && (await spares.put(path, file))) file = undefined
      else await files.unlink(path)
      this.#marks.forget(id)
      return true
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      return false
    } finally {
      if (file !== undefined) files.close(file.file)
    }
  }

  /**
   * Reads what a file says of its message, content aside. What is odd about it but no reason to
   * refuse it is logged as a warning. A wish to be delivered now (F-13) is taken by who reads it.
   *
   * @param limit Recipients to read at most; of others, `unread` of the result tells.
   * @throws {QueueFileError} `corrupt`, to be logged by the caller, line by line of its `warnings`
   * (F-51); or `vanished`.
   */
  async readEnvelope(
    id: string,
    queue: MessageQueue,
    limit: number = Number.POSITIVE_INFINITY,
  ): Promise<MessageEnvelope> {
    return await this.#envelopes.read(id, queue, limit)
  }

  /**
   * Reads more recipients of a message. Those that were marked as done meanwhile are left out.
   *
   * @param unread What `readEnvelope`, or this method, left.
   * @throws {QueueFileError} as `readEnvelope` does.
   */
  async readRecipients(
    envelope: Pick<MessageEnvelope, 'id' | 'contentOffset' | 'dataSize'>,
    queue: MessageQueue,
    unread: UnreadRecipients,
    limit: number,
  ): Promise<RecipientBatch> {
    return await this.#envelopes.readRecipients(envelope, queue, unread, limit)
  }

  /**
   * The text of a message, lines ended by LF, as chunks that begin and end anywhere. All at once
   * from memory if the content is cached; the bytes are shared then, and must not be changed.
   * Otherwise from the file, in chunks of 64 KB or one record that is longer.
   *
   * One who removed the file wants it not to be delivered: it has to be there, as the store wrote
   * or saw it within the last second. Postfix's agents look once, when they begin a delivery.
   *
   * @param envelope Tells where the content is.
   * @throws {QueueFileError} `corrupt` or `vanished`, while reading; chunks may have come before.
   */
  readContent(
    id: string,
    queue: MessageQueue,
    envelope: Pick<MessageEnvelope, 'contentOffset' | 'dataSize'>,
  ): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    const cached = this.#parts.cache.get(id)
    if (cached === undefined) return this.#readContent(id, queue, envelope)
    const ageMs = this.#options.clock.now() - cached.seenMs
    const isSeen = ageMs >= 0 && ageMs < SEEN_MS
    return isSeen ? [cached.text] : this.#cachedContent(id, queue, cached)
  }

  /**
   * Marks recipients as done: the type byte of each record at `offsets` becomes `D` (F-53). Not
   * synced: loss means a second delivery, never loss of mail. A file that postsuper(1) has moved
   * meanwhile is found, so that who was delivered to is not when it is released. Marks that cannot
   * be written are kept in memory, and tried again: `readEnvelope` heeds them.
   *
   * @param offsets As of `EnvelopeRecipient`; they are not checked.
   * @throws {QueueFileError} `vanished`
   */
  async markDone(id: string, queue: MessageQueue, offsets: readonly number[]): Promise<void> {
    if (offsets.length === 0) return
    await this.#marks.write(id, queue, offsets)
  }

  /** Notes in the queue file what was sent, so that it is not sent again (F-53). */
  async noteSent(id: string, queue: MessageQueue, notice: SentNotice): Promise<void> {
    const { files } = this.#parts
    const { file } = await this.#messages.openMoved(id, queue)
    try {
      await noteSent(files, file, recordReader(files, file, files.fstat(file)), notice)
    } finally {
      files.close(file)
    }
  }

  /**
   * Appends to a status log and syncs it (F-60). Appends to one log come one after the other.
   *
   * @param text Whole entries, made printable.
   * @throws {QueueFileError} `write`: nothing was recorded.
   */
  appendStatusLog(kind: StatusLogKind, id: string, text: string): Promise<void> {
    return this.#parts.statusLogs.append(kind, id, text)
  }

  /** The text of a status log; undefined when there is none, or nothing in it. */
  readStatusLog(kind: StatusLogKind, id: string): Promise<Uint8Array | undefined> {
    return this.#parts.statusLogs.read(kind, id)
  }

  /** Removes a status log; silent when there is none. */
  async removeStatusLog(kind: StatusLogKind, id: string): Promise<void> {
    await this.#parts.statusLogs.remove(kind, id)
  }

  /** Drops the cached content, and ends the waiting of `create`. Call when nothing is in flight. */
  async close(): Promise<void> {
    this.#creator.close()
    await this.#marks.close()
    this.#parts.written.closeAll()
    await this.#parts.spares.close()
    this.#parts.cache.clear()
    this.#parts.end()
  }

  #reopen(path: string): WrittenFile | undefined {
    const { files } = this.#parts
    try {
      const file = files.openUsed?.(path)
      return file === undefined ? undefined : { file, inode: files.fstat(file).inode }
    } catch {
      return undefined // It is unlinked, then, or that says what is wrong.
    }
  }

  *#cachedContent(
    id: string,
    queue: MessageQueue,
    cached: CachedText,
  ): Generator<Uint8Array, void, void> {
    const path = this.#parts.paths.file(queue, id)
    try {
      this.#parts.files.accessUsed(path)
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') throw cause
      this.#parts.cache.delete(id)
      throw this.#messages.vanished(path, cause)
    }
    cached.seenMs = this.#options.clock.now()
    yield cached.text
  }

  async *#readContent(
    id: string,
    queue: MessageQueue,
    { contentOffset, dataSize }: Pick<MessageEnvelope, 'contentOffset' | 'dataSize'>,
  ): AsyncGenerator<Uint8Array, void, void> {
    const path = this.#parts.paths.file(queue, id)
    const file = await this.#messages.open(path, 'read')
    try {
      const status = this.#parts.files.fstat(file)
      const windowBytes = CONTENT_WINDOW_BYTES
      const reader = recordReader(this.#parts.files, file, status, {
        start: contentOffset,
        windowBytes,
      })
      yield* readContentText(reader, contentOffset + dataSize)
    } catch (error) {
      if (!(error instanceof BadRecordError)) throw error
      const relativePath = path.slice(this.#options.directory.length + 1)
      const verdict = `corrupted queue file: ${relativePath}`
      const warnings = [`${relativePath}: ${error.message}`, verdict]
      throw new QueueFileError('corrupt', verdict, { warnings, cause: error })
    } finally {
      this.#parts.files.close(file)
    }
  }
}
