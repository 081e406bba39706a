import { type Buffer, isUtf8 } from 'node:buffer'

import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import { LookupTableError } from './errors.ts'
import { printableText } from './network-lookup-client-text.ts'
import type { TableEnvironment } from './table-type.ts'

const NUL = 0
const NOT_UTF8 = 'malformed UTF-8 or invalid codepoint'
const MAX_LOGGED = 100

/**
 * Keys and values of a table that holds bytes, between their bytes and their strings (those of
 * `encodeAddress`). With `smtputf8` both must be UTF-8 (G-53).
 */
export class TableText {
  readonly #item: string
  readonly #environment: TableEnvironment

  /** @param item The table, `type:name`. */
  constructor(item: string, environment: TableEnvironment) {
    this.#item = item
    this.#environment = environment
  }

  /** The bytes of a key; undefined, with a warning, if there can be no such key. */
  encodeKey(key: string): Buffer | undefined {
    if (!this.#environment.smtputf8 || key.isWellFormed()) return encodeAddress(key)
    const shown = printableText(key, MAX_LOGGED, '?')
    this.#environment.warn(`${this.#item}: non-UTF-8 key "${shown}": ${NOT_UTF8}`)
    return undefined
  }

  /**
   * The value in `bytes`, which ends at the first NUL, as in Postfix. Does not alias `bytes`.
   *
   * @throws {LookupTableError} `lookup-failed`, with a warning, if it is not UTF-8 but must be
   */
  decodeValue(key: string, bytes: Buffer): string {
    const end = bytes.indexOf(NUL)
    const value = end < 0 ? bytes : bytes.subarray(0, end)
    const text = decodeAddress(value)
    if (!this.#environment.smtputf8 || isUtf8(value)) return text
    const [shownKey, shown] = [key, text].map((each) => printableText(each, MAX_LOGGED, '?'))
    this.#environment.warn(
      `${this.#item}: key "${shownKey}": non-UTF-8 value "${shown}": ${NOT_UTF8}`,
    )
    const reason = `table ${this.#item} lookup error: non-UTF-8 value`
    throw new LookupTableError('lookup-failed', { item: this.#item, reason })
  }
}
