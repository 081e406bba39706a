import { andThen, type Later } from './later.ts'

/**
 * A lookup table (G-50, G-53). It may answer at once or later; a throw or a rejection means that
 * it could not answer.
 */
export interface LookupTable {
  /**
   * `fixed`: keys are names, and the parents of a domain are looked up too. `pattern` (regexp,
   * pcre, cidr, tcp, …): asked once, with the whole name or address.
   */
  readonly kind: 'fixed' | 'pattern'
  /**
   * The value, or undefined when there is none. `key` is never empty; its case is the caller's.
   *
   * @throws {LookupTableError} `lookup-failed`, at once or as a rejection
   */
  lookup(key: string): Later<string | undefined>
  /**
   * Whether a file that the table was made of has another modification time by now, or is gone
   * (G-52). The table goes on with what it read: open it again. Absent where there is no file.
   */
  hasChanged?(): boolean
  /** Gives back connections and files. Lookups to come fail. Absent where there are none. */
  close?(): void
}

/**
 * Opens the table `type:name`; undefined when there is no such type. Called while a list is
 * parsed. What it throws is logged and kept: the list fails when it comes to that item (G-51).
 */
export type OpenTable = (type: string, name: string) => LookupTable | undefined

/** Whether the table has any of the keys, asked in order; a promise only if the table needs one. */
export function hasAnyKey(table: LookupTable, keys: readonly string[], from = 0): Later<boolean> {
  for (let at = from; at < keys.length; at++) {
    const value = table.lookup(keys[at]!)
    if (typeof value === 'object') {
      return andThen(value, (found) => found !== undefined || hasAnyKey(table, keys, at + 1))
    }
    if (value !== undefined) return true
  }
  return false
}
