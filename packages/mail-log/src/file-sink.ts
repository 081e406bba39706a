import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs'

import { MailLogError } from './errors.ts'
import type { LogSink } from './log-sink.ts'

/** A log file. */
export interface FileSink extends LogSink {
  /**
   * Opens the path again, after log rotation moved the file away. Until then lines go to the old
   * file, so none is lost in between. @throws a system error; the sink then goes on writing to the
   * old file.
   */
  reopen(): void
  /** Closes the file; writing to it afterwards is an error. */
  close(): void
}

/** How a log file is opened. */
export interface FileSinkOptions {
  /**
   * `maillog_file_permissions`: the mode of a file that is not there yet, whatever the umask.
   * Default 0o600.
   */
  readonly mode?: number
}

/**
 * Appends to a file, which is created if it is not there (G-160, `maillog_file`). Writes are
 * synchronous, so that the last words of a dying process are in the file, and a slow disk slows the
 * writer down instead of filling its memory. A file that is copied and truncated by log rotation is
 * written on from its new end.
 *
 * @throws a system error when the file cannot be opened.
 */
export function fileSink(path: string, { mode = 0o600 }: FileSinkOptions = {}): FileSink {
  let descriptor: number | undefined = openForAppend(path, mode)
  return {
    write(lines) {
      if (descriptor === undefined) throw new MailLogError('closed', 'expected an open log file')
      const bytes = Buffer.from(lines)
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    },
    reopen() {
      const old = descriptor
      descriptor = openForAppend(path, mode)
      if (old !== undefined) closeSync(old)
    },
    close() {
      if (descriptor === undefined) return
      closeSync(descriptor)
      descriptor = undefined
    },
  }
}

/** The mode of a file that is there already is whoever's who made it. */
function openForAppend(path: string, mode: number): number {
  let created: number
  try {
    created = openSync(path, 'ax', mode)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return openSync(path, 'a', mode)
  }
  fchmodSync(created, mode)
  return created
}
