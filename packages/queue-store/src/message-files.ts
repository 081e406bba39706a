import { QueueFileError } from './errors.ts'
import { errorCode, type QueueFileSystem } from './file-system.ts'
import type { QueueName } from './queue-name.ts'
import type { QueuePaths } from './queue-path.ts'

/** Where postsuper(1) puts messages, and where a queue run takes them from there. */
const MOVED_TO = ['hold', 'maildrop', 'deferred', 'incoming', 'active'] as const

/** A file that was opened for reading and writing. */
export interface FoundFile {
  readonly file: number
  readonly path: string
}

/** Opens the files of messages, and finds those that somebody moved. */
export class MessageFiles {
  readonly #files: QueueFileSystem
  readonly #paths: QueuePaths
  readonly #directory: string

  /** @param directory `queue_directory`, which messages of errors leave away. */
  constructor(files: QueueFileSystem, paths: QueuePaths, directory: string) {
    this.#files = files
    this.#paths = paths
    this.#directory = directory
  }

  /** @throws {QueueFileError} `vanished`, or the error of the system call. */
  async open(path: string, how: 'read' | 'update'): Promise<number> {
    try {
      return await this.#files.open(path, how)
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') throw cause
      throw this.vanished(path, cause)
    }
  }

  /**
   * Opens a file in the first queue that has it. Twice it looks through them all: a file may move
   * from one that has its turn later to one that has had it.
   *
   * @throws as `open`.
   */
  async openMoved(id: string, queue: QueueName): Promise<FoundFile> {
    const once = [queue, ...MOVED_TO.filter((other) => other !== queue)]
    let vanished: unknown
    for (const place of [...once, ...once]) {
      const path = this.#paths.file(place, id)
      try {
        return { path, file: await this.open(path, 'update') }
      } catch (error) {
        if (!isVanished(error)) throw error
        vanished ??= error
      }
    }
    throw vanished
  }

  vanished(path: string, cause: unknown): QueueFileError {
    const name = path.slice(this.#directory.length + 1)
    return new QueueFileError('vanished', `${name}: no such file`, { cause })
  }
}

/** Whether there is no such file, as opposed to one that cannot be opened. */
export function isVanished(error: unknown): boolean {
  return error instanceof QueueFileError && error.code === 'vanished'
}
