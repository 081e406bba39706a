import { errorCode, type QueueFileSystem } from './file-system.ts'
import type { MessageQueue, StatusLogKind } from './queue-name.ts'
import type { QueuePaths } from './queue-path.ts'

const DIRECTORY_MODE = 0o700
const QUEUES = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
const LOGS = ['bounce', 'defer', 'trace'] as const

/** Makes directories of the queue where they are missing, and makes them durable. */
export class QueueDirectories {
  readonly #files: QueueFileSystem
  readonly #paths: QueuePaths
  readonly #syncsEntries: boolean

  /** @param syncsEntries Whether fsync of a new file makes its name durable too. */
  constructor(files: QueueFileSystem, paths: QueuePaths, syncsEntries: boolean) {
    this.#files = files
    this.#paths = paths
    this.#syncsEntries = syncsEntries
  }

  /** Makes the directories of F-1 that belong to the store; leaves others as they are. */
  async makeQueues(): Promise<void> {
    let isNew = false
    for (const queue of [...QUEUES, ...LOGS]) {
      isNew = (await this.#make(this.#paths.queue(queue))) || isNew
    }
    if (isNew) await this.#sync(parent(this.#paths.queue('incoming')))
  }

  /**
   * Does `work`, and does it again after making the hash directories of the file `id` if it fails
   * with "no such file" (F-8). A promise only if that is needed, or `work` gives one.
   */
  makingHashDirectories<Value>(
    queue: MessageQueue | StatusLogKind,
    id: string,
    work: () => Value | Promise<Value>,
  ): Value | Promise<Value> {
    const again = async (error: unknown): Promise<Value> => {
      const directories = this.#paths.hashDirectories(queue, id)
      if (errorCode(error) !== 'ENOENT' || directories.length === 0) throw error
      for (const directory of directories) {
        if (await this.#make(directory)) await this.syncEntryOf(directory)
      }
      return await work()
    }
    try {
      const result = work()
      return result instanceof Promise ? result.catch(again) : result
    } catch (error) {
      return again(error)
    }
  }

  /** Makes the name `path` durable, after the fsync of what it names; undefined if it is. */
  syncEntryOf(path: string): Promise<void> | undefined {
    return this.#syncsEntries ? undefined : this.#sync(parent(path))
  }

  async #make(path: string): Promise<boolean> {
    try {
      await this.#files.mkdir(path, DIRECTORY_MODE)
      return true
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      return false
    }
  }

  async #sync(path: string): Promise<void> {
    const directory = await this.#files.open(path, 'read')
    try {
      await this.#files.fsync(directory)
    } finally {
      await this.#files.close(directory)
    }
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
