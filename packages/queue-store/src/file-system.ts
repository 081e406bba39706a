/** What the store wants to know of a file. */
export interface FileSystemStatus {
  readonly inode: number | bigint
  /** Permission bits and type, as `st_mode`. */
  readonly mode: number
  readonly modifiedMs: number
  readonly changedMs: number
  readonly sizeBytes: number
  readonly links: number
  readonly userId: number
}

/** One name in a directory. */
export interface FileSystemEntry {
  readonly name: string
  readonly isDirectory: boolean
}

/** An open directory. */
export interface FileSystemDirectory {
  /** The next name, in no order; undefined at the end. Never `.` or `..`. */
  read(): Promise<FileSystemEntry | undefined>
  close(): Promise<void>
}

/** How far calls came that were made together. */
export interface Progress {
  /** The file has its new name. If not, nothing was done that cannot be done again. */
  readonly isRenamed: boolean
  /** Why what comes after the new name was not done. */
  readonly error?: Error
}

/**
 * The part of a POSIX file system that the store stands on: one system call per method, rejecting
 * with an error whose `code` is the name of the error number, such as `ENOENT`. Everything that
 * never-lose-mail depends on goes through it, so that a test can crash it at any instant.
 *
 * Those that can be asked for together, `store` and `retire`, are a matter of speed: a file system
 * need not have them, and gives undefined when they would not save anything. Calls end at the first
 * that fails.
 *
 * The two calls that are done for each message and seldom wait give a promise, or reject, only if
 * they do wait; else they give their result, or throw, at once. A promise costs more than either.
 */
export interface QueueFileSystem {
  /**
   * `create`: new, exclusive, for reading and writing; `read`; `update`: for reading and writing;
   * `append`: for writing at the end, made when missing. `mode` is for new files.
   */
  open(path: string, how: 'create' | 'read' | 'update' | 'append', mode?: number): Promise<number>
  /** At once: what is known of an open file is in memory, and so is the end of it. */
  close(file: number): void
  /** `open` for `update`, at once as `lstatUsed`; for speed: a file system need not have it. */
  openUsed?(path: string): number
  /** At once, as `close`. */
  fstat(file: number): FileSystemStatus
  /** At once, as `lstat`, of a name that was just used: known without a look at the disk. */
  lstatUsed(path: string): FileSystemStatus
  /** At once, as `lstatUsed`: throws unless the name is still there. A third of the work. */
  accessUsed(path: string): void
  /** Does not follow a symbolic link. */
  lstat(path: string): Promise<FileSystemStatus>
  /** @returns bytes read, less than asked for only at the end of the file. */
  read(file: number, target: Uint8Array, position: number): Promise<number>
  /** @returns bytes written, which may be fewer. */
  writev(file: number, buffers: readonly Uint8Array[], position: number): number | Promise<number>
  pwrite(file: number, bytes: Uint8Array, position: number): Promise<number>
  ftruncate(file: number, sizeBytes: number): Promise<void>
  fsync(file: number): Promise<void>
  rename(from: string, to: string): void | Promise<void>
  /** `writev` from the start of the file, `rename`, and `fsync`. */
  store?(
    file: number,
    buffers: readonly Uint8Array[],
    from: string,
    to: string,
  ): Promise<Progress> | undefined
  /** `rename`, and `ftruncate` to nothing of a file that has that name and no other. */
  retire?(file: number, from: string, to: string): Promise<Progress> | undefined
  unlink(path: string): Promise<void>
  mkdir(path: string, mode: number): Promise<void>
  /** `mode`: permission bits. */
  chmod(path: string, mode: number): Promise<void>
  utimes(path: string, accessedMs: number, modifiedMs: number): Promise<void>
  opendir(path: string): Promise<FileSystemDirectory>
  /** Whether `fsync` of a new file makes its directory entry durable too. */
  syncsEntries(path: string): Promise<boolean>
}

/** The `code` of a failed system call, such as `ENOENT`; empty for other errors. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** Why a system call failed, for a log: its `code`, else all there is. */
export function errorReason(error: unknown): string {
  return errorCode(error) || String(error)
}
