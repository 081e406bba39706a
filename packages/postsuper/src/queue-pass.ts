import {
  decodeInode,
  type FileSystemStatus,
  isQueueFileName,
  type QueueName,
} from '@posthouse/queue-store'

import { FIX, fixedName, isLongId } from './fixed-name.ts'
import { actOnFound, type FoundFile, type Letter } from './message-action.ts'
import type { TreeEntry } from './ports.ts'
import type { QueueFiles } from './queue-files.ts'
import { isMessageQueue, LOGS, queueName } from './queue-names.ts'

const READY_BITS = 0o700
const MAX_TEMPORARY_AGE_MS = 7 * 24 * 3600 * 1000
const PAUSE_EVERY = 256

/** What one pass over the queue does. */
export interface Pass {
  /** `-s`; `-S` is the strict form. */
  readonly structure?: 'normal' | 'strict'
  /** `-p` */
  readonly purge?: boolean
  /** Actions on all messages, one after the other on each. */
  readonly all?: readonly Letter[]
}

/** What passes have found and done, added up. */
export interface Progress {
  /** A name was not right, so the queue is not whole before all passes were made. */
  isFixing: boolean
  /** Messages that got the name of their inode number. */
  renamed: number
  /** Messages, by action. */
  readonly done: Record<Letter, number>
}

/**
 * Goes through queues once: puts right what is not in its place or has not its name, removes what
 * does not belong there, and does to all messages what was asked for (F-24, F-87).
 *
 * @returns whether names were changed, so that the suffix `#FIX` is to be taken away by a second
 * pass.
 * @throws {PostsuperError}
 */
export async function passOver(
  queues: readonly string[],
  files: QueueFiles,
  pass: Pass,
  progress: Progress,
): Promise<boolean> {
  const walk = new QueueWalk(files, pass, progress)
  for (const name of queues) {
    const queue = queueName(name)
    files.tell(`queue: ${name}`)
    await walk.visit(queue, files.paths.queue(queue), 0)
  }
  return walk.namesChanged
}

class QueueWalk {
  readonly #files: QueueFiles
  readonly #pass: Pass
  readonly #progress: Progress
  readonly #oldestTemporaryMs: number
  #untilPause = PAUSE_EVERY
  namesChanged = false

  constructor(files: QueueFiles, pass: Pass, progress: Progress) {
    this.#files = files
    this.#pass = pass
    this.#progress = progress
    this.#oldestTemporaryMs = files.now() - MAX_TEMPORARY_AGE_MS
  }

  async visit(queue: QueueName, directory: string, level: number): Promise<void> {
    for (const entry of this.#files.list(directory)) {
      if (--this.#untilPause <= 0) {
        this.#untilPause = PAUSE_EVERY
        await this.#files.pause()
      }
      const path = `${directory}/${entry.name}`
      if (entry.type === 'directory') await this.#visitBelow(queue, path, entry, level + 1)
      else this.#take(queue, path, entry)
    }
  }

  async #visitBelow(
    queue: QueueName,
    path: string,
    { name }: TreeEntry,
    level: number,
  ): Promise<void> {
    if (name.length !== 1 || queue === 'maildrop') this.#files.removeAlienDirectory(path)
    else {
      await this.visit(queue, path, level)
      const wanted = this.#files.paths.hashDirectories(queue, 'x').length
      if (level > wanted) this.#files.removeHashDirectory(path)
    }
  }

  #take(queue: QueueName, path: string, { name, type }: TreeEntry): void {
    const { structure, all } = this.#pass
    if (all?.[0] === 'd') this.#delete(queue, path)
    else if (type === 'other') this.#files.remove(path)
    else {
      const place = { queue, path, name }
      const status = this.#needsStatus(place) ? this.#files.status(path) : undefined
      if (status !== undefined && this.#isOldTemporary(place, status)) this.#files.remove(path)
      else {
        const found = structure && name.endsWith(FIX) ? this.#finishFix(place, status) : place
        if (found !== undefined) this.#check(found, status)
      }
    }
  }

  // Asking for it is most of the work.
  #needsStatus({ queue, name }: FoundFile): boolean {
    if (!isMessageQueue(queue)) return false
    const { structure, purge } = this.#pass
    if (purge || structure === 'strict') return true
    return structure !== undefined && (!this.#files.settings.longQueueIds || !isLongId(name))
  }

  #check(found: FoundFile, status: FileSystemStatus | undefined): void {
    const { structure, all } = this.#pass
    if (!isQueueFileName(found.name)) this.#bogus(found.path)
    else {
      const placed = structure === undefined ? found : this.#putRight(found, structure, status)
      if (placed === undefined || all === undefined) return
      for (const letter of all) {
        this.#progress.done[letter] += actOnFound(this.#files, letter, placed)
      }
    }
  }

  // F-24 row 3. Logs are never purged: they have no state of readiness.
  #isOldTemporary({ queue }: FoundFile, { mode, modifiedMs }: FileSystemStatus): boolean {
    if (!this.#pass.purge || !isMessageQueue(queue)) return false
    return (mode & READY_BITS) !== READY_BITS && modifiedMs < this.#oldestTemporaryMs
  }

  #delete(queue: QueueName, path: string): void {
    const isReady = ((this.#files.status(path)?.mode ?? 0) & READY_BITS) === READY_BITS
    if (!this.#files.remove(path)) return
    if (isReady && isMessageQueue(queue)) this.#progress.done.d++
  }

  // F-24 row 4: the second step of a renaming, of this run or of one that was interrupted.
  #finishFix(
    { queue, path, name: nameWithFix }: FoundFile,
    status: FileSystemStatus | undefined,
  ): FoundFile | undefined {
    const name = nameWithFix.slice(0, -FIX.length)
    const isMessage = isMessageQueue(queue)
    const inode = decodeInode(name)
    if (!isQueueFileName(name) || (isMessage && inode === undefined)) {
      this.#bogus(path)
      return undefined
    }
    if (isMessage && status !== undefined && BigInt(status.inode) !== inode) {
      this.#files.warn(`name/inode mismatch: ${this.#files.relative(path)}`)
      return undefined
    }
    this.#progress.isFixing = true
    const target = this.#files.paths.file(queue, name)
    if (!this.#files.rename(path, target, queue, name)) return undefined
    if (isMessage) this.#progress.renamed++
    return { queue, path: target, name }
  }

  // F-24 rows 6 to 8.
  #putRight(
    found: FoundFile,
    structure: 'normal' | 'strict',
    status: FileSystemStatus | undefined,
  ): FoundFile | undefined {
    const { queue, path, name } = found
    if (isMessageQueue(queue)) {
      if (status === undefined && this.#needsStatus(found)) return undefined // It has vanished.
      const { longQueueIds } = this.#files.settings
      const fixed = fixedName(name, status?.inode, { longQueueIds, strict: structure === 'strict' })
      if (fixed === 'bogus') this.#bogus(path)
      else if (fixed !== undefined) this.#startFix(found, fixed)
      if (fixed !== undefined) return undefined
    }
    const target = this.#files.paths.file(queue, name)
    if (target === path) return found
    this.#progress.isFixing = true
    return this.#files.rename(path, target, queue, name) ? { ...found, path: target } : undefined
  }

  // Logs first: who meets the message under its new name shall find them.
  #startFix({ queue, path, name }: FoundFile, fixed: string): void {
    const { paths } = this.#files
    this.namesChanged = true
    this.#progress.isFixing = true
    for (const log of LOGS) {
      this.#files.rename(paths.file(log, name), paths.file(log, fixed) + FIX, log, fixed)
    }
    this.#files.rename(path, paths.file(queue, fixed) + FIX, queue, fixed)
  }

  #bogus(path: string): void {
    this.#files.warn(`bogus file name: ${this.#files.relative(path)}`)
  }
}
