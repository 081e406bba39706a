import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { errorCode, type Progress, type QueueFileSystem } from './file-system.ts'
import type { WrittenFile } from './written-files.ts'

const IDLE_MS = 1000
/** After a file could not be put away: it would go wrong each time for a while. */
const PAUSE_MS = 60_000
const SPARE_NAME = /^\d+$/

/** A file for a new message: empty, open, with no other name. */
export interface SpareFile extends WrittenFile {
  readonly path: string
}

/** Where spare files are, and how many there may be. */
export interface SpareFilesOptions {
  /** A directory of their own, on the file system of the queue. */
  readonly directory: string
  /** 0 keeps none. */
  readonly maxFiles: number
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Files of delivered messages that serve new ones, so that under load a message costs two renames
 * in place of making and removing a file, which the journal of the disk makes several times dearer.
 *
 * A file is emptied before it can be taken. Names, lengths and the journal's order being what they
 * are, no crash brings back what was in it under the name of a new message. What was not wanted
 * for a second is removed.
 */
export class SpareFiles {
  readonly #files: QueueFileSystem
  readonly #options: SpareFilesOptions
  readonly #spares: SpareFile[] = []
  /** Those in the directory, emptied or not. */
  #count = 0
  #emptying = 0
  #onEmptied: (() => void) | undefined
  #lastName = 0
  #isClosed = false
  #endPause: (() => void) | undefined
  #wasTaken = false
  #cancelWatch: (() => void) | undefined

  constructor(files: QueueFileSystem, options: SpareFilesOptions) {
    this.#files = files
    this.#options = options
  }

  /** Makes the directory, and removes what a killed process left in it. Call first. */
  async open(): Promise<void> {
    const { directory, maxFiles } = this.#options
    if (maxFiles === 0) return
    try {
      await this.#files.mkdir(directory, 0o700)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const entries = await this.#files.opendir(directory)
    try {
      for (let entry = await entries.read(); entry; entry = await entries.read()) {
        if (SPARE_NAME.test(entry.name)) await this.#remove(`${directory}/${entry.name}`)
      }
    } finally {
      await entries.close()
    }
  }

  /** Whether `put` would take a file. */
  get isWanting(): boolean {
    return !this.#isClosed && this.#endPause === undefined && this.#count < this.#options.maxFiles
  }

  /**
   * Takes a file that is no longer needed away from its queue, and over from the caller.
   *
   * @param written The open file that had this path, and should still have it.
   * @returns false when it is not wanted here: it is where it was, and the caller's.
   * @throws a system error, `ENOENT` if the file has vanished.
   */
  async put(path: string, written: WrittenFile): Promise<boolean> {
    const { directory } = this.#options
    if (!this.isWanting) return false
    this.#count += 1
    const { file, inode } = written
    const spare = { file, inode, path: `${directory}/${++this.#lastName}` }
    let progress: Progress | undefined
    try {
      progress = await this.#files.retire?.(spare.file, path, spare.path)
      if (!progress?.isRenamed) await this.#files.rename(path, spare.path)
    } catch (error) {
      this.#count -= 1
      if (errorCode(error) === 'ENOENT') throw error
      this.#pause(errorCode(error))
      return false
    }
    if (!progress?.isRenamed) void this.#empty(spare)
    else if (progress.error === undefined) this.#keep(spare)
    else void this.#discard(spare)
    return true
  }

  /** A file for a new message; path and descriptor are the caller's from now on. */
  take(): SpareFile | undefined {
    const spare = this.#spares.pop()
    if (spare === undefined) return undefined
    this.#count -= 1
    this.#wasTaken = true
    return spare
  }

  /** Removes all. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endPause?.()
    this.#cancelWatch?.()
    if (this.#emptying > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmptied = resolve
      })
    }
    await this.#removeAll()
  }

  #pause(code: string): void {
    const { directory, clock, log } = this.#options
    if (this.#endPause !== undefined) return
    log.warning(`${directory}: files are not used again for ${PAUSE_MS / 1000} s: ${code}`)
    this.#endPause = clock.after(PAUSE_MS, () => {
      this.#endPause = undefined
    })
  }

  async #empty(spare: SpareFile): Promise<void> {
    this.#emptying += 1
    try {
      this.#expectSameFile(spare)
      await this.#files.ftruncate(spare.file, 0)
      this.#keep(spare)
    } catch {
      // It is not needed, so why it cannot be used does not matter.
      await this.#discard(spare)
    }
    this.#emptying -= 1
    if (this.#emptying === 0) this.#onEmptied?.()
  }

  #keep(spare: SpareFile): void {
    if (this.#isClosed) return void this.#discard(spare)
    this.#spares.push(spare)
    this.#watch()
  }

  // Who made a second name for it, for a backup say, or who put another file in its place, is to
  // keep what is in it.
  #expectSameFile({ path, inode }: SpareFile): void {
    const status = this.#files.lstatUsed(path)
    if (status.links !== 1 || status.inode !== inode) throw new Error('expected the file, alone')
  }

  #watch(): void {
    if (this.#cancelWatch !== undefined) return
    this.#wasTaken = false
    this.#cancelWatch = this.#options.clock.after(IDLE_MS, () => {
      this.#cancelWatch = undefined
      if (this.#wasTaken) this.#watch()
      else void this.#removeAll()
    })
  }

  async #removeAll(): Promise<void> {
    for (const spare of this.#spares.splice(0)) await this.#discard(spare)
  }

  // Nobody waits for this, so that it must not fail.
  async #discard({ path, file }: SpareFile): Promise<void> {
    try {
      this.#files.close(file)
    } catch (error) {
      this.#options.log.warning(`close file ${path}: ${errorCode(error)}`)
    }
    await this.#remove(path)
    this.#count -= 1
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#files.unlink(path)
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'ENOENT') this.#options.log.warning(`remove file ${path}: ${code}`)
    }
  }
}
