/**
 * The file is not what an LMDB data file has to be. `message` is what is wrong and where: a page
 * and its place in the file, in bytes.
 */
export class LmdbFormatError extends Error {
  override readonly name = 'LmdbFormatError'
}

/** What a meta page says: one state of the database, as its last two transactions left it. */
export interface LmdbMeta {
  /** Counts the transactions; the meta page with the higher one is the newer. */
  readonly transaction: number
  readonly pageSize: number
  /** The page with the root of the tree; undefined when there are no entries. */
  readonly root: number | undefined
  /** Levels of the tree, from the root to the leaves. */
  readonly depth: number
  readonly lastPage: number
}

/** Kinds of page; their flag in the header. */
export const BRANCH = 0x01
export const LEAF = 0x02
export const OVERFLOW = 0x04
const META = 0x08
const PAGE_KINDS = 0x0f

/** Bytes of a page header: number (8), padding (2), flags (2), two offsets or a page count (4). */
export const PAGE_HEADER_BYTES = 16
/** Bytes of a meta page that mean something. */
export const META_BYTES = 152
/** LMDB's own limit of the height of a tree. */
const MAX_DEPTH = 32
const MIN_PAGE_BYTES = 512
const MAX_PAGE_BYTES = 65_536

const MAGIC = 0xbeefc0de
const DATA_VERSION = 1
// Offsets in the meta page: two descriptions of trees, free pages and main, of 48 bytes each.
const MAGIC_AT = 16
const VERSION_AT = 20
const PAGE_SIZE_AT = 40
const MAIN_FLAGS_AT = 92
const MAIN_DEPTH_AT = 94
const MAIN_ROOT_AT = 128
const LAST_PAGE_AT = 136
const TRANSACTION_AT = 144
const NO_PAGE = 0xffff_ffff_ffff_ffffn

/**
 * Reads a meta page of the format that LMDB 0.9 writes ("data version 1") on little-endian
 * machines with 64 bits. LMDB 1.0 and the library `lmdb` of npm write another.
 *
 * @param bytes Its first 152 bytes.
 * @throws {LmdbFormatError}
 */
export function parseMeta(bytes: Buffer): LmdbMeta {
  if (bytes.readUInt32LE(MAGIC_AT) !== MAGIC) throw new LmdbFormatError('no LMDB 0.9 meta page')
  const version = bytes.readUInt32LE(VERSION_AT)
  if (version !== DATA_VERSION) {
    throw new LmdbFormatError(`data version must be ${DATA_VERSION}, not ${version}`)
  }
  if ((bytes.readUInt16LE(10) & PAGE_KINDS) !== META) throw new LmdbFormatError('not a meta page')
  const pageSize = bytes.readUInt32LE(PAGE_SIZE_AT)
  // A power of 2 has one bit, which 1 less does not have.
  if (pageSize < MIN_PAGE_BYTES || pageSize > MAX_PAGE_BYTES || (pageSize & (pageSize - 1)) !== 0) {
    throw new LmdbFormatError(`page size ${pageSize} is not a power of 2 up to ${MAX_PAGE_BYTES}`)
  }
  const flags = bytes.readUInt16LE(MAIN_FLAGS_AT)
  // Other orders of keys, and more than one value for a key. Postfix has neither.
  if (flags !== 0) throw new LmdbFormatError(`main database has unsupported flags ${flags}`)
  const depth = bytes.readUInt16LE(MAIN_DEPTH_AT)
  if (depth > MAX_DEPTH) throw new LmdbFormatError(`tree of ${depth} levels`)
  const empty = bytes.readBigUInt64LE(MAIN_ROOT_AT) === NO_PAGE
  return {
    transaction: readNumber(bytes, TRANSACTION_AT),
    pageSize,
    root: empty ? undefined : readNumber(bytes, MAIN_ROOT_AT),
    depth,
    lastPage: readNumber(bytes, LAST_PAGE_AT),
  }
}

/** 64 bits as a number: exact up to 2^53, which no page of a real file comes near to. */
export function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 0x1_0000_0000 + bytes.readUInt32LE(at)
}
