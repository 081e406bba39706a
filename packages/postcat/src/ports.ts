import type { HashingOptions } from '@posthouse/queue-store'

/** A file that is open for reading. */
export interface OpenFile {
  readonly sizeBytes: number
  /** Fewer bytes than `length` only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** What postcat(1) takes from the machine that it runs on. */
export interface PostcatPorts {
  /** Rejects with the error of `node:fs`. */
  openFile(path: string): Promise<OpenFile>
  /** Standard input, whole. */
  readInput(): Promise<Buffer>
  /**
   * Where the queue is, as main.cf of a directory says: that of `-c`, else the default one.
   *
   * @throws {Error} whose message is for the operator.
   */
  queueOf(configDirectory: string | undefined): HashingOptions
  /** The words of the C library for an error of `openFile`. */
  reasonOf(error: unknown): string
  stdout(bytes: Uint8Array): void
  stderr(bytes: Uint8Array): void
}
