import type { Clock } from '@posthouse/clock'

import type { LookupTable } from './table.ts'

/** What tables need from the program that opens them. */
export interface TableEnvironment {
  /** Reads a whole file. @throws a system error (`ENOENT`, …) */
  readonly readFile: (path: string) => Uint8Array
  /** Modification time of a file in ms since 1970. @throws a system error */
  readonly modifiedMs: (path: string) => number
  /** Environment variables, for `environ`. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** From 0 up to 1, for `randmap`. */
  readonly random: () => number
  readonly clock: Clock
  /** Takes a warning of a rule that is skipped or a server that does not answer (G-57 to G-64). */
  readonly warn: (text: string) => void
  /** `smtputf8_enable`: keys are folded by the rules of Unicode and must be UTF-8 (G-53). */
  readonly smtputf8: boolean
}

/** How a table will be used. */
export interface TablePurpose {
  /** `$number` in results and tables of strangers are refused: transport maps, aliases (G-60). */
  readonly securitySensitive: boolean
}

/** What the opener of one type gets beside the name. */
export interface TableContext {
  readonly environment: TableEnvironment
  readonly purpose: TablePurpose
  /** Opens a member `type:name` of `unionmap` or `pipemap`. */
  readonly openMember: (reference: string) => LookupTable
}

/**
 * Opens the tables of one type.
 *
 * @param name What follows `type:`.
 * @throws {LookupTableError} `unavailable` with Postfix's text (G-51)
 */
export type TableType = (name: string, context: TableContext) => LookupTable
