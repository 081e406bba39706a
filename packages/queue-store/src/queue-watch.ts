import * as fs from 'node:fs'

import { errorCode, type QueueFileSystem } from './file-system.ts'
import { isQueueFileName } from './queue-id.ts'
import { type QueueEntry, type ReadyCheck, readyEntry } from './scan.ts'

/** Who is told what happens in a queue, a moment later. */
export interface QueueListener {
  /** A file came, went, or has another time or mode. */
  changed(id: string): void
  /** Changes were missed: only a scan finds out. */
  lost(): void
}

/**
 * Has the system tell of changes in a directory, by the name of what changed; null if it does not
 * know. Throws if it cannot.
 */
export type WatchDirectory = (
  path: string,
  changed: (name: string | null) => void,
  failed: () => void,
) => { close(): void }

/** What a `QueueWatch` stands on. */
export interface QueueWatchOptions {
  readonly files: QueueFileSystem
  /** The queue directory. */
  readonly directory: string
  /** Levels of hash directories below it. */
  readonly depth: number
  /** Where a file belongs. */
  readonly pathOf: (id: string) => string
  readonly check: ReadyCheck
  readonly listener: QueueListener
  /** That of Node, if not given: inotify(7) on Linux. */
  readonly watchDirectory?: WatchDirectory
}

interface Watched {
  readonly close: () => void
  /** Of the directory, when it was looked at last. */
  modifiedMs: number
  /** The system has told of changes since then. */
  hasTold: boolean
}

/**
 * Tells of changes to the files of a queue, whoever makes them. Not of those in a hash directory
 * deeper than configured: `postsuper -s` leaves none.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions
  readonly #directories = new Map<string, Watched>()
  #isBroken = false

  private constructor(options: QueueWatchOptions) {
    this.#options = options
  }

  /** Rejects if a directory cannot be watched: none is, then. */
  static async open(options: QueueWatchOptions): Promise<QueueWatch> {
    const watch = new QueueWatch(options)
    try {
      await watch.#add(options.directory, 0)
    } catch (error) {
      watch.close()
      throw error
    }
    return watch
  }

  /** What a scan would give of one file; undefined if it is not there, or not ready. */
  find(id: string): Promise<QueueEntry | undefined> {
    const { files, pathOf, check } = this.#options
    return readyEntry(files, { name: id, path: pathOf(id) }, check)
  }

  /**
   * Whether a directory has changed since the last call though nothing was told of it: it cannot be
   * watched, then, such as one that another machine writes to.
   */
  async missedChanges(): Promise<boolean> {
    let isMissed = this.#isBroken
    for (const [path, watched] of this.#directories) {
      const modifiedMs = await this.#modifiedMs(path)
      if (modifiedMs !== watched.modifiedMs && !watched.hasTold) isMissed = true
      watched.modifiedMs = modifiedMs
      watched.hasTold = false
    }
    return isMissed
  }

  close(): void {
    for (const { close } of this.#directories.values()) close()
    this.#directories.clear()
  }

  async #add(path: string, level: number): Promise<void> {
    const { watchDirectory = watchByNode, depth, files } = this.#options
    const changed = (name: string | null): void => this.#tell(path, level, name)
    const watcher = watchDirectory(path, changed, () => this.#fail())
    this.#directories.get(path)?.close()
    const watched = { close: () => watcher.close(), modifiedMs: 0, hasTold: false }
    this.#directories.set(path, watched)
    watched.modifiedMs = await this.#modifiedMs(path)
    if (level === depth) return
    const directory = await files.opendir(path)
    try {
      for (let one = await directory.read(); one !== undefined; one = await directory.read()) {
        if (isHashDirectory(one.name) && one.isDirectory) {
          await this.#add(`${path}/${one.name}`, level + 1)
        }
      }
    } finally {
      await directory.close()
    }
  }

  #tell(path: string, level: number, name: string | null): void {
    const { depth, listener } = this.#options
    const watched = this.#directories.get(path)
    if (watched === undefined) return
    watched.hasTold = true
    if (name === null) listener.lost()
    else if (isHashDirectory(name)) {
      // Files may have come before it was watched.
      listener.lost()
      if (level < depth) void this.#addLater(`${path}/${name}`, level + 1)
    } else if (isQueueFileName(name)) listener.changed(name)
  }

  async #addLater(path: string, level: number): Promise<void> {
    try {
      await this.#add(path, level)
      this.#options.listener.lost()
    } catch (error) {
      this.#directories.get(path)?.close()
      this.#directories.delete(path)
      if (errorCode(error) !== 'ENOENT') this.#fail()
    }
  }

  #fail(): void {
    this.#isBroken = true
    this.#options.listener.lost()
  }

  /** Never the same twice if it cannot be known: a scan says what is wrong. */
  async #modifiedMs(path: string): Promise<number> {
    try {
      return (await this.#options.files.lstat(path)).modifiedMs
    } catch {
      return Number.NaN
    }
  }
}

function isHashDirectory(name: string): boolean {
  return name.length === 1 && isQueueFileName(name)
}

function watchByNode(
  path: string,
  changed: (name: string | null) => void,
  failed: () => void,
): { close(): void } {
  const watcher = fs.watch(path, { persistent: false }, (_, name) => changed(name))
  watcher.on('error', failed)
  return watcher
}
