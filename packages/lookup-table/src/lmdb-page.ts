import { BRANCH, LEAF, LmdbFormatError, PAGE_HEADER_BYTES, readNumber } from './lmdb-format.ts'

/** A value of a leaf: its bytes, or where they are. */
export type LmdbValue =
  /** A view of the page. */
  | { readonly kind: 'here'; readonly bytes: Buffer }
  | { readonly kind: 'overflow'; readonly page: number; readonly length: number }

const FLAGS_AT = 10
const LOWER_AT = 12
const UPPER_AT = 14
const PAGE_KINDS = 0xef // Without 0x10, which marks a page that was not written yet.

// A node: length of the value or page number (4), flags (2), length of the key (2), key, value.
const NODE_HEADER_BYTES = 8
const VALUE_IS_ELSEWHERE = 0x01

/** A branch or leaf page: sorted nodes, found through a table of offsets behind the header. */
export class LmdbTreePage {
  readonly isLeaf: boolean
  readonly #bytes: Buffer
  readonly #count: number

  /**
   * @param bytes The whole page; views of it are handed out.
   * @throws {LmdbFormatError}
   */
  constructor(bytes: Buffer, isLeaf: boolean) {
    const kind = bytes.readUInt16LE(FLAGS_AT) & PAGE_KINDS
    const lower = bytes.readUInt16LE(LOWER_AT)
    const upper = bytes.readUInt16LE(UPPER_AT)
    if (kind !== (isLeaf ? LEAF : BRANCH)) {
      throw new LmdbFormatError(`expected a ${isLeaf ? 'leaf' : 'branch'}, found kind ${kind}`)
    }
    if (lower < PAGE_HEADER_BYTES || lower > upper || upper > bytes.length || lower % 2 !== 0) {
      throw new LmdbFormatError(`free space from ${lower} to ${upper} is not inside the page`)
    }
    this.#bytes = bytes
    this.#count = (lower - PAGE_HEADER_BYTES) / 2
    this.isLeaf = isLeaf
    if (this.#count === 0) throw new LmdbFormatError('page without nodes')
  }

  /** Of a branch: the page below in which `key` is, if it is anywhere. @throws {LmdbFormatError} */
  childFor(key: Uint8Array): number {
    const node = this.#nodeAt(this.#lastUpTo(key))
    return this.#bytes.readUIntLE(node, 6)
  }

  /** Of a leaf: the value of `key`, if it is there. @throws {LmdbFormatError} */
  valueOf(key: Uint8Array): LmdbValue | undefined {
    const index = this.#lastUpTo(key)
    if (this.#compare(key, index) !== 0) return undefined
    const node = this.#nodeAt(index)
    const length = this.#bytes.readUInt32LE(node)
    const flags = this.#bytes.readUInt16LE(node + 4)
    const start = node + NODE_HEADER_BYTES + this.#bytes.readUInt16LE(node + 6)
    if ((flags & ~VALUE_IS_ELSEWHERE) !== 0) {
      throw new LmdbFormatError(`entry with unsupported flags ${flags}`)
    }
    const end = start + (flags === VALUE_IS_ELSEWHERE ? 8 : length)
    if (end > this.#bytes.length) throw new LmdbFormatError('value goes beyond its page')
    if (flags !== VALUE_IS_ELSEWHERE) {
      return { kind: 'here', bytes: this.#bytes.subarray(start, end) }
    }
    return { kind: 'overflow', page: readNumber(this.#bytes, start), length }
  }

  /** The last node whose key is not above `key`, or the first: in a branch it has no key. */
  #lastUpTo(key: Uint8Array): number {
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#compare(key, middle) < 0) high = middle - 1
      else low = middle
    }
    return low
  }

  #compare(key: Uint8Array, index: number): number {
    const node = this.#nodeAt(index)
    const start = node + NODE_HEADER_BYTES
    const end = start + this.#bytes.readUInt16LE(node + 6)
    if (end > this.#bytes.length) throw new LmdbFormatError('key goes beyond its page')
    // As LMDB: byte by byte, and the shorter first. `compare` is the page's order, so minus.
    return -this.#bytes.compare(key, 0, key.length, start, end)
  }

  #nodeAt(index: number): number {
    const node = this.#bytes.readUInt16LE(PAGE_HEADER_BYTES + 2 * index)
    if (node < PAGE_HEADER_BYTES || node + NODE_HEADER_BYTES > this.#bytes.length) {
      throw new LmdbFormatError(`node ${index} is not inside the page`)
    }
    return node
  }
}
