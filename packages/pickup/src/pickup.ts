import { quoteAddress } from '@posthouse/mail-address'
import {
  BadRecordError,
  type FileSystemStatus,
  type FoundName,
  isReady,
  scanDirectory,
} from '@posthouse/queue-store'

import {
  BadMaildropFileError,
  type MaildropMessage,
  readMaildropMessage,
} from './maildrop-message.ts'
import type { PickupOptions, PickupPorts, Submitter } from './ports.ts'

/** Messages side by side, so that one need not wait for the disk of another. */
const MANY = 8
const READ_BYTES = 1024 * 1024
/** Of a file that postdrop(1) made; `postsuper -r` moves files that have not this bit (F-59). */
const READABLE_BY_OTHERS = 0o004

/** pickup(8): takes messages out of the maildrop directory, and hands them to cleanup(8) (F-58). */
export class Pickup {
  readonly #options: PickupOptions
  readonly #ports: PickupPorts
  #scanning: Promise<void> | undefined
  #isWanted = false
  #isClosed = false
  #cancelWakeup: () => void = () => undefined

  constructor(options: PickupOptions, ports: PickupPorts) {
    this.#options = options
    this.#ports = ports
  }

  /**
   * Looks into the maildrop now, and from now on every `wakeupMs`. To be called again when that has
   * changed. Resolves as `trigger` does.
   */
  start(): Promise<void> {
    this.#cancelWakeup()
    if (!this.#isClosed) this.#wakeLater()
    return this.trigger()
  }

  /**
   * There is new mail: has the maildrop looked into, again if that is under way. Resolves when all
   * that can be taken is; never rejects.
   */
  trigger(): Promise<void> {
    this.#isWanted = true
    if (this.#isClosed) return Promise.resolve()
    this.#scanning ??= this.#scanWhileWanted().finally(() => {
      this.#scanning = undefined
    })
    return this.#scanning
  }

  /** Ends with the messages that are under way; the rest stay in the maildrop. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelWakeup()
    await this.#scanning
  }

  #wakeLater(): void {
    const wakeupMs = this.#options.wakeupMs()
    if (wakeupMs <= 0) return
    this.#cancelWakeup = this.#ports.clock.after(wakeupMs, () => {
      void this.trigger()
      this.#wakeLater()
    })
  }

  async #scanWhileWanted(): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false
      try {
        // What came while it was read may have been missed.
        while ((await this.#scan()) > 0 && !this.#isClosed);
      } catch (error) {
        this.#ports.log.warning(`scan maildrop: ${messageOf(error)}`)
      }
    }
  }

  /** @returns how many files have gone. */
  async #scan(): Promise<number> {
    const { files } = this.#ports
    const names = scanDirectory(files, `${this.#options.queueDirectory}/maildrop`)
    let gone = 0
    const work = async (): Promise<void> => {
      for (;;) {
        const next = this.#isClosed ? undefined : await names.next()
        if (next === undefined || next.done) return
        if (await this.#pickUp(next.value)) gone += 1
      }
    }
    const workers = await Promise.allSettled(Array.from({ length: MANY }, work))
    await names.return()
    const failed = workers.find((worker) => worker.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return gone
  }

  /** @returns whether the file has gone. */
  async #pickUp({ name, path }: FoundName): Promise<boolean> {
    const { log, clock, files } = this.#ports
    const check = {
      directory: this.#options.queueDirectory,
      warn: (text: string) => log.warning(text),
      now: () => clock.now(),
    }
    try {
      const status = await files.lstat(path)
      if (!isReady(status, path, check)) return false
      const bytes = await this.#read(path, status)
      return await this.#handOver(name, path, status, bytes)
    } catch (error) {
      // One message must not keep others from going on.
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isGone) log.warning(`maildrop/${name}: ${messageOf(error)}`)
      return false
    }
  }

  async #read(path: string, { inode }: FileSystemStatus): Promise<Buffer> {
    const { files } = this.#ports
    const file = await files.open(path, 'read')
    try {
      const opened = files.fstat(file)
      if (opened.inode !== inode) throw new Error('it has been replaced while it was opened')
      const pieces: Buffer[] = []
      for (let at = 0; ; ) {
        const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, opened.sizeBytes + 1))
        const length = await files.read(file, piece, at)
        if (length === 0) return Buffer.concat(pieces)
        pieces.push(piece.subarray(0, length))
        at += length
      }
    } finally {
      files.close(file)
    }
  }

  async #handOver(
    name: string,
    path: string,
    status: FileSystemStatus,
    bytes: Buffer,
  ): Promise<boolean> {
    const message = await this.#messageOf(name, path, status, bytes)
    if (message === undefined) return true
    const { files, log } = this.#ports
    const submitter = this.#submitterOf(status)
    const transaction = await this.#ports.open(submitter)
    const { id } = transaction
    const sender = quoteAddress(message.sender)
    const old = submitter.isRequeued ? ` orig_id=${name}` : ''
    log.info(`${id}: uid=${submitter.userId} from=<${sender}>${old}`, { queueId: id })
    const result = await transaction.submit(message)
    if (result.kind === 'later') {
      log.warning(`maildrop/${name}: error writing ${id}: ${result.reason}`)
      return false
    }
    await files.unlink(path)
    return true
  }

  /** @returns undefined for a file that is none and has been put aside. */
  async #messageOf(
    name: string,
    path: string,
    { userId, modifiedMs }: FileSystemStatus,
    bytes: Buffer,
  ): Promise<MaildropMessage | undefined> {
    try {
      return await readMaildropMessage(bytes, modifiedMs)
    } catch (error) {
      const isBad = error instanceof BadMaildropFileError || error instanceof BadRecordError
      if (!isBad) throw error
      const { files, log } = this.#ports
      log.warning(
        `maildrop/${name}: uid=${userId}: unexpected or malformed record: ${error.message}`,
      )
      log.warning(`saving corrupt file "${name}" from queue "maildrop" to queue "corrupt"`)
      await files.rename(path, `${this.#options.queueDirectory}/corrupt/${name}`)
      return undefined
    }
  }

  #submitterOf({ userId, mode }: FileSystemStatus): Submitter {
    const isOwners = userId === this.#options.ownerId
    return { userId, isRequeued: isOwners && (mode & READABLE_BY_OTHERS) === 0 }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
