import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs'

import { MailLogError } from './errors.ts'
import type { LogSink } from './log-sink.ts'
import { RareReport } from './rare-report.ts'

/** A log file. */
export interface FileSink extends LogSink {
  /**
   * Opens the path again if log rotation moved the file away. Until then lines go to the old file,
   * so none is lost in between. @throws a system error; the sink then goes on writing to the old
   * file.
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
  /**
   * Whose a file is that root makes. Without it, root's: a process that gives root up cannot open
   * it again.
   */
  readonly owner?: { readonly userId: number; readonly groupId: number } | undefined
  /** With it a file that was moved away or removed is noticed, at a line some seconds later. */
  readonly rotation?: RotationOptions | undefined
}

/** How a file that log rotation took away is noticed without `reopen`. */
export interface RotationOptions {
  /** The time in ms since 1970. */
  readonly now: () => number
  /** Told when the new file cannot be opened, and then not for ten minutes. */
  readonly onError: (error: unknown) => void
}

const CHECK_MS = 1000

/**
 * Appends to a file, which is created if it is not there (G-160, `maillog_file`). Writes are
 * synchronous, so that the last words of a dying process are in the file, and a slow disk slows the
 * writer down instead of filling its memory. A file that is copied and truncated by log rotation is
 * written on from its new end. After a write that ended within a line (the disk is full) the next
 * starts a line of its own.
 *
 * @throws a system error when the file cannot be opened.
 */
export function fileSink(path: string, options: FileSinkOptions = {}): FileSink {
  return new LogFile(path, options)
}

class LogFile implements FileSink {
  readonly #path: string
  readonly #options: FileSinkOptions
  readonly #errors: RareReport | undefined
  #descriptor: number | undefined
  #checkedMs = Number.NEGATIVE_INFINITY
  #isMissing = false
  #isTorn = false

  constructor(path: string, options: FileSinkOptions) {
    this.#path = path
    this.#options = options
    this.#errors = options.rotation && new RareReport(options.rotation.onError)
    this.#descriptor = openForAppend(path, options)
  }

  write(lines: string): void {
    this.#lookForRotation()
    const descriptor = this.#descriptor
    if (descriptor === undefined) throw new MailLogError('closed', 'expected an open log file')
    const bytes = Buffer.from(this.#isTorn ? `\n${lines}` : lines)
    let at = 0
    try {
      while (at < bytes.length) at += writeSync(descriptor, bytes, at)
      this.#isTorn = false
    } catch (error) {
      if (at > 0) this.#isTorn = bytes[at - 1] !== LF
      throw error
    }
  }

  reopen(): void {
    try {
      this.#follow()
    } catch (error) {
      const { rotation } = this.#options
      if (rotation !== undefined) this.#errors?.told(rotation.now())
      throw error
    }
  }

  #follow(): void {
    const old = this.#descriptor
    if (old !== undefined && this.#whatIsAtPath(old) === 'the-file') return
    this.#descriptor = openForAppend(this.#path, this.#options)
    this.#isTorn = false
    if (old !== undefined) closeSync(old)
  }

  close(): void {
    if (this.#descriptor === undefined) return
    closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #lookForRotation(): void {
    const { rotation } = this.#options
    if (rotation === undefined || this.#descriptor === undefined) return
    const nowMs = rotation.now()
    if (nowMs - this.#checkedMs < CHECK_MS) return
    this.#checkedMs = nowMs
    const wasMissing = this.#isMissing
    try {
      const found = this.#whatIsAtPath(this.#descriptor)
      this.#isMissing = found === 'nothing'
      // Who moves a file away often makes the next one in the same breath, with a mode and owner
      // that it would not get here: a file must be missing twice before it is made.
      if (found === 'another' || (this.#isMissing && wasMissing)) this.#follow()
    } catch (error) {
      this.#errors?.report(error, nowMs)
    }
  }

  #whatIsAtPath(descriptor: number): 'the-file' | 'another' | 'nothing' {
    const there = statSync(this.#path, { throwIfNoEntry: false })
    if (there === undefined) return 'nothing'
    const open = fstatSync(descriptor)
    return there.ino === open.ino && there.dev === open.dev ? 'the-file' : 'another'
  }
}

const LF = 0x0a

/** Mode and owner of a file that is there already are up to whoever made it. */
function openForAppend(path: string, { mode = 0o600, owner }: FileSinkOptions): number {
  let created: number
  try {
    created = openSync(path, 'ax', mode)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return openSync(path, 'a', mode)
  }
  fchmodSync(created, mode)
  if (owner !== undefined) fchownSync(created, owner.userId, owner.groupId)
  return created
}
