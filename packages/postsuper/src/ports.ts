import type { FileSystemStatus, HashingOptions } from '@posthouse/queue-store'

/** One name in a directory. */
export interface TreeEntry {
  readonly name: string
  readonly type: 'file' | 'directory' | 'other'
}

/**
 * The files of a queue. One system call per method, done at once: a queue has many files, and
 * nothing else is to be done meanwhile. Each throws an error whose `code` is such as `ENOENT`.
 */
export interface QueueTree {
  /**
   * All names but `.` and `..`, in no order, as they are asked for. What is renamed or made
   * meanwhile may come or not. Errors may come with any of them.
   */
  list(path: string): Iterable<TreeEntry>
  /** Of the name itself: a symbolic link is not followed. */
  status(path: string): FileSystemStatus
  rename(from: string, to: string): void
  unlink(path: string): void
  mkdir(path: string, mode: number): void
  rmdir(path: string): void
  chmod(path: string, mode: number): void
  /** Sets the time of modification, in milliseconds since 1970. */
  touch(path: string, modifiedMs: number): void
}

/** A queue, as main.cf describes it. */
export interface QueueSettings extends HashingOptions {
  /** `enable_long_queue_ids` */
  readonly longQueueIds: boolean
}

/** What the work on a queue takes from the machine that it runs on. */
export interface QueuePorts {
  readonly tree: QueueTree
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The words of the C library for an error of `tree`. */
  readonly reasonOf: (error: unknown) => string
  /** Takes a line for the operator and the log: `warning: …`, or no level at all. */
  readonly say: (line: string) => void
  /** Lets signals in, every few hundred files. Rejects to end the work. */
  readonly pause: () => Promise<void>
}

/** What postsuper(1) takes from the machine that it runs on. */
export interface PostsuperPorts extends Omit<QueuePorts, 'say'> {
  readonly isSuperuser: boolean
  /**
   * Reads main.cf of a directory, that of `-c`, else the default one; from here on the process
   * works as `mail_owner`.
   *
   * @throws {Error} whose message is for the operator.
   */
  readonly openQueue: (configDirectory: string | undefined) => QueueSettings
  /** Standard input, whole. */
  readonly readInput: () => Promise<Buffer>
  readonly stderr: (bytes: Uint8Array) => void
}
