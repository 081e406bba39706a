import { encodeLongId, encodeRecord, encodeShortId, RecordType } from '@posthouse/queue-store'

import { PostdropError } from './errors.ts'
import type { MaildropFile, MaildropFiles } from './maildrop-files.ts'

/** Where messages are put, and what their files are called after. */
export interface MaildropOptions {
  /** `queue_directory`. */
  readonly queueDirectory: string
  /** `enable_long_queue_ids`. */
  readonly longQueueIds: boolean
  /** `message_size_limit`: bytes of a file; 0 or less means no limit. */
  readonly maxFileBytes: number
  readonly processId: number
  readonly files: MaildropFiles
  /** Milliseconds since 1970, in steps of a microsecond or so. */
  readonly nowMs: () => number
}

/** The file is larger than `maxFileBytes`, or than the file system takes. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError'
}

const MICROSECONDS = 1_000_000
const UNFINISHED_MODE = 0o644
/** Ready, and never seen by the mail system (F-13). */
const READY_MODE = 0o744
const MOST_TRIES = 1000
const BUFFER_BYTES = 64 * 1024

/** A message on its way into the maildrop directory (F-10). Ends with `commit` or `abort`. */
export class MaildropDraft {
  readonly id: string
  readonly #options: MaildropOptions
  readonly #file: MaildropFile
  #path: string
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #fileBytes = 0

  private constructor(options: MaildropOptions, file: MaildropFile, path: string) {
    this.#options = options
    this.#file = file
    this.#path = path
    const time = Math.floor(options.nowMs() * 1000)
    const microseconds = time % MICROSECONDS
    this.id = options.longQueueIds
      ? encodeLongId(Math.floor(time / MICROSECONDS), microseconds, file.inode)
      : encodeShortId(microseconds, file.inode)
    this.#add(timeRecord(time))
  }

  /** @throws {PostdropError} as a rejection: messages cannot be put there. */
  static async create(options: MaildropOptions): Promise<MaildropDraft> {
    const directory = `${options.queueDirectory}/maildrop`
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const microseconds = (Math.floor(options.nowMs() * 1000) + tries) % MICROSECONDS
      // The dot keeps all readers away (F-2) until the file has its name.
      const path = `${directory}/${microseconds}.${options.processId}`
      try {
        const file = await options.files.create(path, UNFINISHED_MODE)
        return new MaildropDraft(options, file, path)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === 'EEXIST') continue
        if (code === 'EACCES' || code === 'EPERM') throw notAllowed(directory)
        throw new PostdropError(`cannot create a file in ${directory}: ${message}`)
      }
    }
    throw new PostdropError(`expected a free name in ${directory}, but found none`)
  }

  /** Appends a record. @throws {FileTooLargeError} as a rejection */
  async write(type: number, data: Uint8Array): Promise<void> {
    this.#add(encodeRecord(type, data))
    const { maxFileBytes } = this.#options
    if (maxFileBytes > 0 && this.#fileBytes > maxFileBytes) throw new FileTooLargeError()
    if (this.#pendingBytes >= BUFFER_BYTES) await this.#flush()
  }

  /** Makes the message durable and gives it its name: from then on pickup takes it. */
  async commit(): Promise<void> {
    const { files, queueDirectory } = this.#options
    await this.#flush()
    await this.#file.chmod(READY_MODE) // What the umask took away, too.
    await this.#file.sync()
    await this.#file.close()
    const path = `${queueDirectory}/maildrop/${this.id}`
    await files.rename(this.#path, path)
    this.#path = path
    await files.syncDirectory(`${queueDirectory}/maildrop`)
  }

  /** Removes the file, also after a `commit` that failed. */
  async abort(): Promise<void> {
    await this.#file.close().catch(() => undefined) // It is removed, whatever is in it.
    await this.#options.files.unlink(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }

  #add(record: Uint8Array): void {
    this.#pending.push(record)
    this.#pendingBytes += record.length
    this.#fileBytes += record.length
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    try {
      await this.#file.write(bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EFBIG') throw new FileTooLargeError()
      throw error
    }
  }
}

function timeRecord(microseconds: number): Buffer {
  const text = `${Math.floor(microseconds / MICROSECONDS)} ${microseconds % MICROSECONDS}`
  return encodeRecord(RecordType.time, Buffer.from(text))
}

function notAllowed(directory: string): PostdropError {
  return new PostdropError(
    `${directory} takes files of root, of mail_owner and of the group setgid_group only: ` +
      'ordinary users need a postdrop that is set-gid, in command_directory',
  )
}
