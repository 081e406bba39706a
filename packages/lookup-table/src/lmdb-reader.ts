import {
  LmdbFormatError,
  type LmdbMeta,
  META_BYTES,
  OVERFLOW,
  PAGE_HEADER_BYTES,
  parseMeta,
  readNumber,
} from './lmdb-format.ts'
import { LmdbTreePage } from './lmdb-page.ts'

/** Fills `target` from `position` in the file; the number of bytes, fewer at the file's end. */
export type ReadAt = (target: Buffer, position: number) => number

/** 2 MiB of the usual 4096 bytes. */
const MAX_PAGES_KEPT = 512
const MAX_VALUE_BYTES = 16_777_216
// Postfix writes when an operator runs postmap. This many changes in microseconds are a mistake.
const MAX_RETRIES = 20

/**
 * Looks up keys in the main database of an LMDB 0.9 data file, which may be written to meanwhile.
 *
 * Writers do not change the pages of the newest state: they write copies, then one of the two meta
 * pages; only the next writer takes the pages that are free then. So what was read is of one state
 * if the meta pages are the same afterwards; if not, it is read again. That replaces the locks of
 * fcntl(2) that Postfix takes and Node has not. Pages are kept until the meta pages change.
 */
export class LmdbReader {
  readonly #read: ReadAt
  readonly #pageSize: number
  readonly #pages = new Map<number, LmdbTreePage>()
  #metas: Buffer
  #spareMetas: Buffer
  #meta: LmdbMeta | undefined
  #hasRead = false

  /** @throws {LmdbFormatError} if it is no such file; or what `read` throws */
  constructor(read: ReadAt) {
    this.#read = read
    const first = Buffer.alloc(META_BYTES)
    if (read(first, 0) < META_BYTES) throw new LmdbFormatError('no LMDB 0.9 meta page')
    this.#pageSize = parseMeta(first).pageSize
    // Both meta pages, and what is between them, in one read.
    this.#metas = Buffer.alloc(this.#pageSize + META_BYTES)
    this.#spareMetas = Buffer.alloc(this.#pageSize + META_BYTES)
  }

  /**
   * The value of the first of `keys` that is there; undefined if none is. It may be a view of a
   * page that is kept: do not change it.
   *
   * @throws {LmdbFormatError} if the file is damaged where the key would be; or what `read` throws
   */
  find(keys: readonly Uint8Array[]): Buffer | undefined {
    this.#refresh()
    for (let retry = 0; retry < MAX_RETRIES; retry++) {
      this.#hasRead = false
      let value: Buffer | undefined
      let failure: unknown
      try {
        value = this.#findFirst(keys)
      } catch (error) {
        failure = error
      }
      if (this.#hasRead && this.#refresh()) continue
      if (failure !== undefined) throw failure
      return value
    }
    throw new LmdbFormatError(`changed ${MAX_RETRIES} times while a key was looked up`)
  }

  /** Reads everything anew: for a file that was changed by something else than LMDB. */
  forget(): void {
    this.#meta = undefined
    this.#pages.clear()
  }

  /** Reads the meta pages; true if they are not what they were. */
  #refresh(): boolean {
    const metas = this.#spareMetas
    if (this.#read(metas, 0) < metas.length) throw new LmdbFormatError('meta pages are cut off')
    if (this.#meta !== undefined && metas.equals(this.#metas)) return false
    this.forget()
    this.#spareMetas = this.#metas
    this.#metas = metas
    this.#meta = this.#newestMeta()
    return true
  }

  /** A meta page that is damaged does not count if the other one is not. */
  #newestMeta(): LmdbMeta {
    let newest: LmdbMeta | undefined
    let failure: unknown
    for (const at of [0, this.#pageSize]) {
      try {
        const meta = parseMeta(this.#metas.subarray(at, at + META_BYTES))
        if (meta.pageSize !== this.#pageSize) throw new LmdbFormatError('page size has changed')
        if (newest === undefined || meta.transaction > newest.transaction) newest = meta
      } catch (error) {
        failure = error
      }
    }
    if (newest === undefined) throw failure
    return newest
  }

  #findFirst(keys: readonly Uint8Array[]): Buffer | undefined {
    for (const key of keys) {
      const value = this.#findOne(key, this.#meta!) // Set by #refresh, or that has thrown.
      if (value !== undefined) return value
    }
    return undefined
  }

  #findOne(key: Uint8Array, { root, depth }: LmdbMeta): Buffer | undefined {
    if (root === undefined) return undefined
    let page = root
    for (let level = 1; level < depth; level++) {
      page = this.#at(page, () => this.#treePage(page, false).childFor(key))
    }
    const value = this.#at(page, () => this.#treePage(page, true).valueOf(key))
    if (value?.kind !== 'overflow') return value?.bytes
    return this.#at(value.page, () => this.#readOverflow(value.page, value.length))
  }

  #treePage(page: number, isLeaf: boolean): LmdbTreePage {
    const kept = this.#pages.get(page)
    if (kept?.isLeaf === isLeaf) return kept
    const read = new LmdbTreePage(this.#readPage(page), isLeaf)
    // Emptied when full: the few pages at the top of the tree, which all lookups need, come back.
    if (this.#pages.size >= MAX_PAGES_KEPT) this.#pages.clear()
    this.#pages.set(page, read)
    return read
  }

  #readPage(page: number): Buffer {
    const last = this.#meta?.lastPage ?? 0
    if (page < 2 || page > last) throw new LmdbFormatError(`not one of pages 2 to ${last}`)
    this.#hasRead = true
    const bytes = Buffer.allocUnsafe(this.#pageSize)
    if (this.#read(bytes, page * this.#pageSize) < bytes.length) {
      throw new LmdbFormatError('beyond the end of the file')
    }
    const number = readNumber(bytes, 0)
    if (number !== page) throw new LmdbFormatError(`says that it is page ${number}`)
    return bytes
  }

  #readOverflow(page: number, length: number): Buffer {
    const first = this.#readPage(page)
    const pages = first.readUInt32LE(12)
    if ((first.readUInt16LE(10) & OVERFLOW) === 0) throw new LmdbFormatError('not a long value')
    if (length > MAX_VALUE_BYTES || length > pages * this.#pageSize - PAGE_HEADER_BYTES) {
      throw new LmdbFormatError(`value of ${length} bytes in ${pages} pages`)
    }
    const value = Buffer.allocUnsafe(length)
    if (this.#read(value, page * this.#pageSize + PAGE_HEADER_BYTES) < length) {
      throw new LmdbFormatError('value is cut off')
    }
    return value
  }

  /** Adds to what is wrong with a page which one it is. */
  #at<T>(page: number, use: () => T): T {
    try {
      return use()
    } catch (error) {
      if (!(error instanceof LmdbFormatError)) throw error
      throw new LmdbFormatError(`page ${page} at byte ${page * this.#pageSize}: ${error.message}`)
    }
  }
}
