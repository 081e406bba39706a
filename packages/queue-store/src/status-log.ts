import { encodeAddress } from '@posthouse/mail-address'

import { QueueFileError } from './errors.ts'
import { errorCode, errorReason, type QueueFileSystem } from './file-system.ts'
import type { QueueDirectories } from './queue-directories.ts'
import type { StatusLogKind } from './queue-name.ts'
import type { QueuePaths } from './queue-path.ts'
import { scanDirectory } from './scan.ts'
import { writeAll } from './write-all.ts'

const KINDS = ['defer', 'bounce', 'trace'] as const
const MODE = 0o600

/** Logs of a kind to remember; where there are more, every new message looks for itself. */
const MAX_KNOWN_IDS = 20_000

/** The bounce, defer and trace logs of messages (F-60): appends and removes, durably. */
export class StatusLogs {
  readonly #files: QueueFileSystem
  readonly #paths: QueuePaths
  readonly #directories: QueueDirectories
  readonly #idsRepeat: boolean
  // Which ids have logs, so that most need not ask the disk: of bounce logs, which a crash may
  // leave to the next attempt, always, of others only if ids repeat. No set: too many to tell.
  readonly #known = new Map<StatusLogKind, Set<string>>(KINDS.map((kind) => [kind, new Set()]))
  readonly #busy = new Map<string, Promise<void>>()

  /** @param idsRepeat Whether a new message may get the id of an old one: short ids. */
  constructor(
    files: QueueFileSystem,
    paths: QueuePaths,
    directories: QueueDirectories,
    idsRepeat: boolean,
  ) {
    this.#idsRepeat = idsRepeat
    this.#files = files
    this.#paths = paths
    this.#directories = directories
  }

  /** Learns which logs there are. */
  async open(): Promise<void> {
    for (const kind of KINDS) {
      if (!this.#isKnown(kind)) continue
      for await (const { name } of scanDirectory(this.#files, this.#paths.queue(kind))) {
        this.#remember(kind, name)
        if (!this.#known.has(kind)) break
      }
    }
  }

  /**
   * Appends to a log and syncs it. Appends to the same log wait for each other.
   *
   * @throws {QueueFileError} `write`: nothing was recorded, and the log is as it was.
   */
  async append(kind: StatusLogKind, id: string, text: string): Promise<void> {
    const path = this.#paths.file(kind, id)
    const previous = this.#busy.get(path)
    const appending = (async () => {
      await previous?.catch(() => undefined) // Its caller was told.
      this.#remember(kind, id)
      await this.#append(kind, id, path, encodeAddress(text))
    })()
    this.#busy.set(path, appending)
    try {
      await appending
    } catch (cause) {
      const text = `cannot append to ${kind}/${id}: ${errorReason(cause)}`
      throw new QueueFileError('write', text, { cause })
    } finally {
      if (this.#busy.get(path) === appending) this.#busy.delete(path)
    }
  }

  /** The text of a log; undefined if there is none. One without a text is removed (F-20). */
  async read(kind: StatusLogKind, id: string): Promise<Uint8Array | undefined> {
    if (this.#isKnown(kind) && this.#known.get(kind)?.has(id) === false) return undefined
    const file = await this.#openIfThere(this.#paths.file(kind, id))
    if (file === undefined) return undefined
    let length = 0
    let text: Buffer
    try {
      text = Buffer.allocUnsafe(this.#files.fstat(file).sizeBytes)
      for (let count = 1; count > 0 && length < text.length; length += count) {
        count = await this.#files.read(file, text.subarray(length), length)
      }
    } finally {
      this.#files.close(file)
    }
    if (length > 0) return text.subarray(0, length)
    await this.remove(kind, id)
    return undefined
  }

  async #openIfThere(path: string): Promise<number | undefined> {
    try {
      return await this.#files.open(path, 'read')
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      return undefined
    }
  }

  /** Removes a log. @returns whether there was one. */
  async remove(kind: StatusLogKind, id: string): Promise<boolean> {
    try {
      await this.#files.unlink(this.#paths.file(kind, id))
      this.#known.get(kind)?.delete(id)
      return true
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      return false
    }
  }

  /** Whether a new message with this id may find logs: mostly not, and then nobody need look. */
  mayHaveSpurious(id: string): boolean {
    return this.#idsRepeat && KINDS.some((kind) => this.#known.get(kind)?.has(id) !== false)
  }

  /**
   * Removes logs that a message of long ago left to a new one with the same id (F-11).
   *
   * @returns which there were.
   */
  async removeSpurious(id: string): Promise<StatusLogKind[]> {
    const removed: StatusLogKind[] = []
    if (!this.#idsRepeat) return removed
    for (const kind of KINDS) {
      const isAbsent = this.#known.get(kind)?.has(id) === false
      if (!isAbsent && (await this.remove(kind, id))) removed.push(kind)
    }
    return removed
  }

  async #append(kind: StatusLogKind, id: string, path: string, bytes: Buffer): Promise<void> {
    const files = this.#files
    const file = await this.#directories.makingHashDirectories(kind, id, () =>
      files.open(path, 'append', MODE),
    )
    try {
      const { sizeBytes } = files.fstat(file)
      try {
        if (bytes.length > 0) await writeAll(files, file, [bytes], sizeBytes)
        await files.fsync(file)
        if (sizeBytes === 0) await this.#directories.syncEntryOf(path)
      } catch (error) {
        await files.ftruncate(file, sizeBytes)
        throw error
      }
    } finally {
      files.close(file)
    }
  }

  #isKnown(kind: StatusLogKind): boolean {
    return this.#idsRepeat || kind === 'bounce'
  }

  #remember(kind: StatusLogKind, id: string): void {
    if (!this.#isKnown(kind)) return
    const ids = this.#known.get(kind)
    if (ids?.add(id) && ids.size > MAX_KNOWN_IDS) this.#known.delete(kind)
  }
}
