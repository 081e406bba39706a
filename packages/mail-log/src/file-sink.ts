import { closeSync, openSync, writeSync } from 'node:fs'

import type { LogSink } from './mail-log.ts'

/** A log file. */
export interface FileSink extends LogSink {
  /**
   * Opens the path again, after log rotation moved the file away. @throws a system error; the sink
   * then goes on writing to the old file.
   */
  reopen(): void
  /** Closes the file; writing to it afterwards is an error. */
  close(): void
}

const MODE = 0o600

/**
 * Appends to a file, which is created with mode 0600 if it is not there (G-160, `maillog_file`).
 * Writes are synchronous, so that the last words of a dying process are in the file.
 *
 * @throws a system error when the file cannot be opened.
 */
export function fileSink(path: string): FileSink {
  let descriptor: number | undefined = openSync(path, 'a', MODE)
  return {
    write(lines) {
      if (descriptor === undefined) throw new Error('expected an open log file')
      const bytes = Buffer.from(lines)
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    },
    reopen() {
      const old = descriptor
      descriptor = openSync(path, 'a', MODE)
      if (old !== undefined) closeSync(old)
    },
    close() {
      if (descriptor === undefined) return
      closeSync(descriptor)
      descriptor = undefined
    },
  }
}
