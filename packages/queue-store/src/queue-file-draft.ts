import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import type { ContentCache } from './content-cache.ts'
import { contentText, textBytes } from './content-text.ts'
import type { DoneMarks } from './done-marks.ts'
import { QueueFileError } from './errors.ts'
import { errorCode, errorReason, type Progress, type QueueFileSystem } from './file-system.ts'
import type { MessageEnvelope, NewContent, NewEnvelope, NewMessage } from './message.ts'
import { type EncodedMessage, MessageEncoder, SIZE_RECORD_FILE_BYTES } from './message-encoder.ts'
import type { QueueDirectories } from './queue-directories.ts'
import type { MessageQueue } from './queue-name.ts'
import type { QueuePaths } from './queue-path.ts'
import type { SpareFiles } from './spare-files.ts'
import type { StatusLogs } from './status-log.ts'
import { writeAll } from './write-all.ts'
import type { WrittenFile, WrittenFiles } from './written-files.ts'

const UNFINISHED_MODE = 0o600 // F-13.
/** In place of a process id in a temporary name: none is that large. */
const NO_PROCESS = 999_999_999

/** The parts of the store that a draft works with. */
export interface DraftContext {
  readonly files: QueueFileSystem
  readonly paths: QueuePaths
  readonly directories: QueueDirectories
  readonly statusLogs: StatusLogs
  readonly cache: ContentCache
  readonly spares: SpareFiles
  readonly written: WrittenFiles
  readonly marks: DoneMarks
  readonly clock: Clock
  readonly log: Logger
  readonly verpDelimiterFilter: string
}

/** The file that a draft was made for. */
export interface DraftFile extends WrittenFile {
  readonly id: string
  readonly createTimeMs: number
  /** Its temporary name. */
  readonly path: string
  /** The file system puts stamps on files that lie in our future (F-12): put on this instead. */
  readonly resetModifiedMs: number | undefined
}

/**
 * A queue file that is not queued yet: it has its id, a temporary name in `incoming`, and no
 * content. Made by `QueueStore.create`. `commit`, `finish` or `abort` it, exactly once.
 *
 * A message that is in memory is committed. One that comes piece by piece is `start`ed, has its
 * content records appended, and is finished with the last of them.
 */
export class QueueFileDraft {
  readonly id: string
  /** Milliseconds since 1970; the file keeps the seconds. */
  readonly createTimeMs: number
  readonly #context: DraftContext
  readonly #resetModifiedMs: number | undefined
  readonly #inode: number | bigint
  #file: number | undefined // Undefined once closed, or given away.
  #path: string
  #encoder: MessageEncoder | undefined // Once started.
  #appendedBytes = 0
  #isDone = false
  #hasTraceLog = false
  /** It has its name in a queue. */
  #hasEntered = false

  constructor(context: DraftContext, draft: DraftFile) {
    const { id, createTimeMs, path, file, inode, resetModifiedMs } = draft
    this.id = id
    this.createTimeMs = createTimeMs
    this.#context = context
    this.#file = file
    this.#inode = inode
    this.#resetModifiedMs = resetModifiedMs
    this.#path = path
  }

  /**
   * Stores a message: `start` and `finish` in one, with one write.
   *
   * @throws as `finish` does; the file is gone.
   */
  commit(message: NewMessage, queue?: 'incoming' | 'active' | 'hold'): Promise<MessageEnvelope> {
    try {
      this.start(message)
    } catch (error) {
      return this.abort().then(() => Promise.reject(error))
    }
    return this.finish(message, queue)
  }

  /**
   * Takes what comes before the content. Writes nothing yet.
   *
   * @returns how many bytes of content records `maxFileBytes` leaves; negative if it leaves none.
   * @throws {TypeError} for what could not be read back.
   */
  start(envelope: NewEnvelope): number {
    if (this.#encoder !== undefined) throw new TypeError('expected one start of a draft')
    const { verpDelimiterFilter } = this.#context
    this.#encoder = new MessageEncoder(this.id, this.createTimeMs, envelope, verpDelimiterFilter)
    return this.#encoder.room
  }

  /**
   * Writes content records that others follow, so that they need not stay in memory. Not durable.
   * Whoever appended has to wait before he appends more, or finishes.
   *
   * @throws {QueueFileError} `write` or `too-large` (F-17); `abort` the draft then.
   * @throws {TypeError} for anything but content records.
   */
  async append(records: Uint8Array): Promise<void> {
    const encoder = this.#started
    textBytes(records)
    encoder.expectRoomFor(this.#appendedBytes + records.length)
    const isFirst = this.#appendedBytes === 0
    const buffers = isFirst ? [encoder.blankHead, records] : [records]
    const position = isFirst ? 0 : encoder.contentOffset + this.#appendedBytes
    try {
      await writeAll(this.#context.files, this.#file!, buffers, position)
    } catch (error) {
      throw failure(error)
    }
    this.#appendedBytes += records.length
  }

  /**
   * Writes the rest of the file, gives it its name in a queue, makes it durable: once this
   * resolves, neither a crash of the process nor of the machine loses the message (F-10). A text
   * that was not appended goes to the content cache, but for held mail: who knows when somebody
   * wants that.
   *
   * @param queue `hold` for mail that nobody is to deliver (F-11); `active` if the queue manager
   * takes the message over at once, which saves the way through `incoming`.
   * @returns the envelope as `readEnvelope` would read it.
   * @throws {QueueFileError} `write` or `too-large` (F-17); the file is gone.
   * @throws {TypeError} for a message that could not be read back; the file is gone.
   */
  async finish(
    message: NewContent,
    queue: 'incoming' | 'active' | 'hold' = 'incoming',
  ): Promise<MessageEnvelope> {
    const encoder = this.#started
    this.#finishOnce()
    const { cache, marks, paths } = this.#context
    const { content } = message
    marks.forget(this.id) // Of a message of long ago, whose id comes again.
    try {
      const encoded = encoder.finish(message, this.#appendedBytes + content.length)
      const bytes = textBytes(content)
      if (message.text !== undefined && message.text.length !== bytes) {
        throw new TypeError(`expected a text of ${bytes} bytes, as of the content`)
      }
      const path = paths.file(queue, this.id)
      const progress = await this.#storeAtOnce(encoded, message, path)
      if (!this.#hasStored(progress, path)) await this.#storeInSteps(encoded, message, queue)
      const completing = this.#complete()
      if (completing !== undefined) await completing
      this.#release(message, queue !== 'hold' && this.#appendedBytes === 0 && cache.fits(bytes))
      return encoded.envelope
    } catch (error) {
      await this.#discard()
      throw failure(error)
    }
  }

  /** Removes the file. */
  async abort(): Promise<void> {
    this.#finishOnce()
    await this.#discard()
  }

  get #started(): MessageEncoder {
    if (this.#encoder === undefined || this.#isDone) {
      throw new TypeError('expected a draft that is started, and not committed or aborted yet')
    }
    return this.#encoder
  }

  // As `#storeInSteps`, which has to do it where this leaves the file without its new name.
  #storeAtOnce(
    { head, tail }: EncodedMessage,
    { content, traceLog = '' }: NewContent,
    path: string,
  ): Promise<Progress> | undefined {
    const { files, statusLogs } = this.#context
    if (this.#appendedBytes > 0 || traceLog !== '') return undefined
    if (statusLogs.mayHaveSpurious(this.id)) return undefined
    return files.store?.(this.#file!, [head, content, tail], this.#path, path)
  }

  /** @returns whether that was all; throws if it was not done whole */
  #hasStored(progress: Progress | undefined, path: string): boolean {
    if (!progress?.isRenamed) return false
    this.#path = path
    this.#hasEntered = true
    if (progress.error !== undefined) throw progress.error
    return true
  }

  async #storeInSteps(
    { head, tail }: EncodedMessage,
    { content, traceLog = '' }: NewContent,
    queue: MessageQueue,
  ): Promise<void> {
    const { files, statusLogs } = this.#context
    const file = this.#file!
    if (this.#appendedBytes === 0) await writeAll(files, file, [head, content, tail], 0)
    else {
      await writeAll(files, file, [content, tail], head.length + this.#appendedBytes)
      await writeAll(files, file, [head.subarray(0, SIZE_RECORD_FILE_BYTES)], 0)
    }
    if (statusLogs.mayHaveSpurious(this.id)) await this.#removeSpuriousLogs()
    if (traceLog !== '') {
      this.#hasTraceLog = true
      await statusLogs.append('trace', this.id, traceLog)
    }
    // Before the fsync, which makes data and name durable together. Should the machine die in
    // between, a name without its data is found by the missing end record (F-10, F-51).
    await this.#enter(queue)
    await files.fsync(file)
  }

  // What few file systems need.
  #complete(): Promise<void> | undefined {
    const { files, directories } = this.#context
    const time = this.#resetModifiedMs
    const syncing = directories.syncEntryOf(this.#path)
    if (time === undefined) return syncing
    return Promise.resolve(syncing).then(() => files.utimes(this.#path, time, time))
  }

  /** @param isAtHand To stay in memory, and open: it is small and, mostly, soon delivered. */
  #release({ content, text }: NewContent, isAtHand: boolean): void {
    const { files, written, cache, clock } = this.#context
    const file = this.#file!
    this.#file = undefined
    if (!isAtHand) return void files.close(file)
    written.keep(this.id, { file, inode: this.#inode })
    cache.set(this.id, text ?? contentText(content), clock.now())
  }

  async #enter(queue: MessageQueue): Promise<void> {
    const { files, paths, directories } = this.#context
    const path = paths.file(queue, this.id)
    await directories.makingHashDirectories(queue, this.id, () => files.rename(this.#path, path))
    this.#path = path
    this.#hasEntered = true
  }

  async #removeSpuriousLogs(): Promise<void> {
    const { statusLogs, log } = this.#context
    for (const kind of await statusLogs.removeSpurious(this.id)) {
      log.warning(`${kind}: removed spurious ${this.id} log`)
    }
  }

  async #discard(): Promise<void> {
    const { files, statusLogs, log } = this.#context
    const file = this.#file
    this.#file = undefined
    if (this.#hasTraceLog) {
      await statusLogs.remove('trace', this.id).catch((error: unknown) => {
        log.warning(`remove trace log ${this.id}: ${errorReason(error)}`)
      })
    }
    try {
      await files.unlink(this.#path)
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'ENOENT') {
        log.warning(`remove file ${this.id}: ${code}`)
        // Under its temporary name no reader takes it.
        if (this.#hasEntered) await this.#disarm(file)
      }
    }
    try {
      if (file !== undefined) files.close(file)
    } catch (error) {
      log.warning(`close file ${this.id}: ${errorCode(error)}`)
    }
  }

  /** Keeps a file from being delivered that cannot be removed: its client was told no. */
  async #disarm(file: number | undefined): Promise<void> {
    const { files, paths, log } = this.#context
    const path = this.#path
    const ways = [
      ['marked as unfinished', () => files.chmod(path, UNFINISHED_MODE)],
      ['emptied', () => (file === undefined ? noFile() : files.ftruncate(file, 0))],
      [
        'renamed to a temporary name',
        async () => files.rename(path, `${paths.queue('incoming')}/${this.#inode}.${NO_PROCESS}`),
      ],
    ] as const
    for (const [what, attempt] of ways) {
      try {
        await attempt()
        log.warning(`${this.id}: its client was told no: ${path} is ${what}`)
        return
      } catch (error) {
        log.warning(`${this.id}: cannot be ${what}: ${errorReason(error)}`)
      }
    }
    log.error(`${this.id}: its client was told no, but ${path} stays: it will be DELIVERED`)
  }

  #finishOnce(): void {
    if (this.#isDone) throw new TypeError('expected a draft that is not committed or aborted yet')
    this.#isDone = true
  }
}

function noFile(): never {
  throw new Error('it is not open')
}

// Of the errors of system calls; others pass unchanged.
function failure(error: unknown): unknown {
  const code = errorCode(error)
  if (code === '' || error instanceof QueueFileError || error instanceof TypeError) return error
  if (code === 'EFBIG') return new QueueFileError('too-large', 'file too large', { cause: error })
  return new QueueFileError('write', `queue file write error: ${code}`, { cause: error })
}
