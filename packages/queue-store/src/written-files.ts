import type { QueueFileSystem } from './file-system.ts'

/** A file that is still open since it was written. */
export interface WrittenFile {
  readonly file: number
  readonly inode: number | bigint
}

/**
 * Files of messages that were just written, kept open: when they serve again (see `SpareFiles`),
 * nobody has to open them. Of more than `maxFiles`, the oldest are closed.
 */
export class WrittenFiles {
  readonly #files: QueueFileSystem
  readonly #maxFiles: number
  readonly #open = new Map<string, WrittenFile>()

  constructor(files: QueueFileSystem, maxFiles: number) {
    this.#files = files
    this.#maxFiles = maxFiles
  }

  /** Takes over the file of a message. */
  keep(id: string, written: WrittenFile): void {
    this.close(id)
    this.#open.set(id, written)
    if (this.#open.size <= this.#maxFiles) return
    const [oldest = id] = this.#open.keys()
    this.close(oldest)
  }

  /** Gives the file away, to be closed by the caller; undefined when it is closed already. */
  take(id: string): WrittenFile | undefined {
    const written = this.#open.get(id)
    if (written !== undefined) this.#open.delete(id)
    return written
  }

  /** Closes the file of a message that does not end soon. */
  close(id: string): void {
    const written = this.take(id)
    if (written !== undefined) this.#files.close(written.file)
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id)
  }
}
