import { type FileSystemStatus, isReady, type QueueName, QueuePaths } from '@posthouse/queue-store'

import { PostsuperError } from './errors.ts'
import type { QueuePorts, QueueSettings, TreeEntry } from './ports.ts'

const DIRECTORY_MODE = 0o700

/**
 * The files of a queue as postsuper(1) handles them: what vanished meanwhile is no error, as the
 * mail system may run; what is in the way is not overwritten.
 */
export class QueueFiles {
  readonly settings: QueueSettings
  readonly paths: QueuePaths
  readonly #ports: QueuePorts
  readonly #isVerbose: boolean

  constructor(settings: QueueSettings, ports: QueuePorts, isVerbose: boolean) {
    this.settings = settings
    this.paths = new QueuePaths(settings)
    this.#ports = ports
    this.#isVerbose = isVerbose
  }

  /** A path as messages have it. */
  relative(path: string): string {
    return path.slice(this.settings.directory.length + 1)
  }

  /** The names in a directory, one by one; none when it has vanished. */
  *list(path: string): Generator<TreeEntry, void, void> {
    try {
      yield* this.#ports.tree.list(path)
    } catch (error) {
      if (isMissing(error)) return
      throw new PostsuperError(
        `scan_dir_push: open directory ${this.relative(path)}: ${this.#reason(error)}`,
      )
    }
  }

  /** Undefined when it has vanished. */
  status(path: string): FileSystemStatus | undefined {
    return this.#unlessMissing('examine', path, () => this.#ports.tree.status(path))
  }

  /** The status of a file that may be worked on (F-14). */
  readyStatus(path: string): FileSystemStatus | undefined {
    const status = this.#statusOrWarning(path)
    const { directory } = this.settings
    const warn = (text: string) => this.warn(text)
    const isFit = status !== undefined && isReady(status, path, { directory, warn, now: this.now })
    return isFit ? status : undefined
  }

  /** @returns false when it has vanished. */
  remove(path: string): boolean {
    const isDone = this.#did('remove file', path, () => this.#ports.tree.unlink(path))
    if (isDone) this.tell(`removed file ${this.relative(path)}`)
    return isDone
  }

  /**
   * Renames a file into a queue, whose hash directories are made where they are missing.
   *
   * @returns false when it has vanished, or when another file has the name.
   */
  rename(from: string, to: string, queue: QueueName, id: string): boolean {
    const isTaken = this.status(to) !== undefined
    if (isTaken && this.status(from) !== undefined) {
      this.warn(`${this.relative(from)}: not renamed to ${this.relative(to)}: file exists`)
    }
    if (isTaken) return false
    const isDone = this.#did('rename file', from, () => this.#renameInto(from, to, queue, id))
    if (isDone) this.tell(`renamed file ${this.relative(from)} as ${this.relative(to)}`)
    // It is there, so what is missing is where it should go.
    else if (this.status(from) !== undefined) {
      const what = `rename file ${this.relative(from)} as ${this.relative(to)}`
      throw new PostsuperError(`${what}: no such directory`)
    }
    return isDone
  }

  /** @returns false when it has vanished. */
  chmod(path: string, mode: number): boolean {
    return this.#did('change mode of', path, () => this.#ports.tree.chmod(path, mode))
  }

  /** Has the file not be older than now: F-15. */
  touch(path: string): void {
    this.#did('change time of', path, () => this.#ports.tree.touch(path, this.now()))
  }

  /** Removes a directory that must be empty. @throws {PostsuperError} if it is not. */
  removeHashDirectory(path: string): void {
    this.tell(`remove directory ${this.relative(path)}`)
    this.#did('remove directory', path, () => this.#ports.tree.rmdir(path))
  }

  /** Removes a directory that has no business there, if it is empty. */
  removeAlienDirectory(path: string): void {
    try {
      this.#ports.tree.rmdir(path)
    } catch (error) {
      if (isMissing(error)) return
      this.warn(`remove subdirectory ${this.relative(path)}: ${this.#reason(error)}`)
    }
  }

  readonly now = (): number => this.#ports.now()

  warn(text: string): void {
    this.#ports.say(`warning: ${text}`)
  }

  say(text: string): void {
    this.#ports.say(text)
  }

  /** For `-v`. */
  tell(text: string): void {
    if (this.#isVerbose) this.#ports.say(text)
  }

  pause(): Promise<void> {
    return this.#ports.pause()
  }

  // As mail systems do (F-8): directories are made when the rename missed them.
  #renameInto(from: string, to: string, queue: QueueName, id: string): void {
    const { tree } = this.#ports
    try {
      tree.rename(from, to)
    } catch (error) {
      const directories = this.paths.hashDirectories(queue, id)
      if (!isMissing(error) || directories.length === 0) throw error
      for (const directory of directories) this.#make(directory)
      tree.rename(from, to)
    }
  }

  #make(path: string): void {
    try {
      this.#ports.tree.mkdir(path, DIRECTORY_MODE)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }

  #did(what: string, path: string, work: () => void): boolean {
    const done = () => {
      work()
      return true
    }
    return this.#unlessMissing(what, path, done) ?? false
  }

  #unlessMissing<Value>(what: string, path: string, work: () => Value): Value | undefined {
    try {
      return work()
    } catch (error) {
      if (isMissing(error)) return undefined
      throw new PostsuperError(`${what} ${this.relative(path)}: ${this.#reason(error)}`)
    }
  }

  // One file that cannot be looked at is no reason to leave the others.
  #statusOrWarning(path: string): FileSystemStatus | undefined {
    try {
      return this.#ports.tree.status(path)
    } catch (error) {
      if (!isMissing(error)) this.warn(`${this.relative(path)}: ${this.#reason(error)}`)
      return undefined
    }
  }

  #reason(error: unknown): string {
    return this.#ports.reasonOf(error)
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
