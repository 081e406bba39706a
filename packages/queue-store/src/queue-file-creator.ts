import { QueueFileError } from './errors.ts'
import { errorCode, errorReason, type FileSystemStatus } from './file-system.ts'
import { type DraftContext, type DraftFile, QueueFileDraft } from './queue-file-draft.ts'
import { encodeLongId, encodeShortId } from './queue-id.ts'
import type { SpareFile } from './spare-files.ts'

const MICROSECONDS = 1_000_000
const RETRY_MS = 10_000
// Ready from the start: until it is renamed its name keeps every reader away (F-2).
const READY_MODE = 0o700
const NO_FILES_LEFT = new Set(['EMFILE', 'ENFILE'])
// The clock went back this far: ids follow it rather than run ahead of it.
const MAX_AHEAD_MICROSECONDS = MICROSECONDS
const MAX_BEHIND_MS = 100_000

export interface CreatorOptions {
  readonly longQueueIds: boolean
  /** Part of temporary names, to tell processes apart. */
  readonly processId: number
}

/** Makes queue files and knows their ids (F-10, steps 1 and 2, but for the rename). */
export class QueueFileCreator {
  readonly #context: DraftContext
  readonly #options: CreatorOptions
  readonly #sleepers = new Set<() => void>()
  #lastMicroseconds = 0
  #isClosed = false
  #isClockChecked = false
  #isFileClockAhead = false

  constructor(context: DraftContext, options: CreatorOptions) {
    this.#context = context
    this.#options = options
  }

  /** Files could not be made when that was last tried: somebody waits. */
  get isWaiting(): boolean {
    return this.#sleepers.size > 0
  }

  async create(): Promise<QueueFileDraft> {
    const { files, spares } = this.#context
    const spare = this.#isClosed ? undefined : spares.take()
    if (spare !== undefined) {
      return new QueueFileDraft(this.#context, this.#draftFile(spare))
    }
    const { path, file } = await this.#openTemporary()
    try {
      const status = files.fstat(file)
      this.#checkFileClock(status)
      const { inode } = status
      return new QueueFileDraft(this.#context, this.#draftFile({ path, file, inode }))
    } catch (error) {
      files.close(file)
      await files.unlink(path).catch(() => undefined) // No reader takes a file of that name.
      throw cannotCreate(error)
    }
  }

  /** Ends the waiting of creators whose disk is full: they reject. */
  close(): void {
    this.#isClosed = true
    for (const wake of this.#sleepers) wake()
  }

  async #openTemporary(): Promise<{ path: string; file: number }> {
    const { files, paths, clock, log } = this.#context
    while (!this.#isClosed) {
      const name = `incoming/${this.#tick(clock.now()) % MICROSECONDS}.${this.#options.processId}`
      const path = `${paths.queue('incoming')}${name.slice('incoming'.length)}`
      try {
        return { path, file: await files.open(path, 'create', READY_MODE) }
      } catch (error) {
        const code = errorCode(error)
        if (code === 'EEXIST' || code === 'EISDIR') continue
        // Who waits keeps a connection open, too: all together would keep what all wait for.
        if (this.isWaiting && NO_FILES_LEFT.has(code)) throw cannotCreate(error)
        // A full disk must not turn into lost mail, nor into a client that is told no for good.
        log.warning(`create file ${name}: ${errorReason(error)}`)
        await this.#sleep()
      }
    }
    throw new QueueFileError('write', 'the queue store is closed')
  }

  #draftFile({ path, file, inode }: SpareFile): DraftFile {
    const createTimeMs = this.#context.clock.now()
    const time = this.#tick(createTimeMs)
    const microseconds = time % MICROSECONDS
    const id = this.#options.longQueueIds
      ? encodeLongId(Math.floor(time / MICROSECONDS), microseconds, inode)
      : encodeShortId(microseconds, inode)
    const resetModifiedMs = this.#isFileClockAhead ? createTimeMs : undefined
    return { id, createTimeMs, path, file, inode, resetModifiedMs }
  }

  // Microseconds since 1970, no two the same: names and ids are made from them.
  #tick(nowMs: number): number {
    const now = Math.floor(nowMs * 1000)
    const ahead = this.#lastMicroseconds - now
    const isTaken = ahead >= 0 && ahead < MAX_AHEAD_MICROSECONDS
    this.#lastMicroseconds = isTaken ? this.#lastMicroseconds + 1 : now
    return this.#lastMicroseconds
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#sleepers.delete(wake)
        resolve()
      }
      const cancel = this.#context.clock.after(RETRY_MS, wake)
      this.#sleepers.add(wake)
    })
  }

  // A file stamped in the future would wait in the queue until then (F-12).
  #checkFileClock({ modifiedMs }: FileSystemStatus): void {
    if (this.#isClockChecked) return
    this.#isClockChecked = true
    const { log } = this.#context
    const aheadMs = modifiedMs - this.#context.clock.now()
    const seconds = Math.floor(Math.abs(aheadMs) / 1000)
    if (aheadMs >= 1000) {
      this.#isFileClockAhead = true
      log.warning(`file system clock is ${seconds} seconds ahead of local clock`)
      log.warning('resetting file time stamps - this hurts performance')
    } else if (aheadMs < -MAX_BEHIND_MS) {
      log.warning(`file system clock is ${seconds} seconds behind local clock`)
    }
  }
}

function cannotCreate(cause: unknown): QueueFileError {
  const text = `cannot create a queue file: ${errorReason(cause)}`
  return new QueueFileError('write', text, { cause })
}
