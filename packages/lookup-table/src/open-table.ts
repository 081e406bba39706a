import { LookupTableError } from './errors.ts'
import { foldKey } from './fold-key.ts'
import { andThen, type Later } from './later.ts'
import type { ListProblem } from './match-list.ts'
import type { LookupTable, OpenTable } from './table.ts'
import type { TableEnvironment, TablePurpose, TableType } from './table-type.ts'
import { findTableType, replacementFor } from './table-types.ts'

/** A table that `openTable` made. */
export interface OpenedTable extends LookupTable {
  /** `type:name`, as written. */
  readonly reference: string
  hasChanged(): boolean
  close(): void
}

/** Tables in tables, as `unionmap:{pipemap:{…}}` has them, may be this deep. */
const MAX_DEPTH = 16
const ANY_PURPOSE: TablePurpose = { securitySensitive: false }
const NOT_UTF8 = 'malformed UTF-8 or invalid codepoint'

/**
 * Opens the table `type:name`. Its file is read, and its name parsed, now; servers are connected
 * to when something is looked up.
 *
 * Keys of fixed tables are folded. With `smtputf8`, a key that is not UTF-8 is not found, with a
 * warning, and a value that is not fails the lookup (G-53).
 *
 * @throws {LookupTableError} `bad-table-name`, `unsupported-table` or `unavailable`; the message
 * is Postfix's (G-50, G-51), and goes on with what to do instead for a type that we do not have.
 */
export function openTable(
  reference: string,
  environment: TableEnvironment,
  purpose: TablePurpose = ANY_PURPOSE,
): OpenedTable {
  return openAtDepth(reference, environment, purpose, 0)
}

/**
 * Opens a table for a program that goes on without it. If it cannot be opened, `report` gets what
 * to log once, and each lookup fails with the warning `type:name is unavailable. REASON` (G-51).
 *
 * @throws {LookupTableError} `bad-table-name`, which Postfix does not survive either
 */
export function openTableOrFailing(
  reference: string,
  environment: TableEnvironment,
  report: (problem: ListProblem) => void,
  purpose: TablePurpose = ANY_PURPOSE,
): OpenedTable {
  try {
    return openTable(reference, environment, purpose)
  } catch (error) {
    if (!(error instanceof LookupTableError) || error.code === 'bad-table-name') throw error
    report({ severity: 'error', text: error.message })
    return unavailableTable(reference, error, environment)
  }
}

/** `openTable` as match lists want it: for the option `openTable` of `ClientList`, `DomainList`. */
export function tableOpener(environment: TableEnvironment, purpose?: TablePurpose): OpenTable {
  return (type, name) => openTable(`${type}:${name}`, environment, purpose)
}

function openAtDepth(
  reference: string,
  environment: TableEnvironment,
  purpose: TablePurpose,
  depth: number,
): OpenedTable {
  const colon = reference.indexOf(':')
  const name = reference.slice(colon + 1)
  if (colon < 1 || name === '') {
    const reason = `open dictionary: expecting "type:name" form instead of "${reference}"`
    throw new LookupTableError('bad-table-name', { item: reference, reason })
  }
  if (depth > MAX_DEPTH) {
    const reason = `tables in tables: expected at most ${MAX_DEPTH} levels`
    throw new LookupTableError('unavailable', { item: reference, reason })
  }
  const open = tableTypeOf(reference.slice(0, colon), reference)
  const openMember = (member: string): OpenedTable =>
    openAtDepth(member, environment, purpose, depth + 1)
  const table = open(name, { environment, purpose, openMember })
  return new CheckedTable(reference, table, environment)
}

function tableTypeOf(type: string, item: string): TableType {
  const found = findTableType(type)
  if (found !== undefined) return found
  const hint = replacementFor(type)
  const reason = `unsupported dictionary type: ${type}${hint === undefined ? '' : `; ${hint}`}`
  throw new LookupTableError('unsupported-table', { item, reason })
}

/** Prepares the keys and checks the values of a table. */
class CheckedTable implements OpenedTable {
  readonly reference: string
  readonly kind: LookupTable['kind']
  readonly #table: LookupTable
  readonly #smtputf8: boolean
  readonly #warn: (text: string) => void

  constructor(reference: string, table: LookupTable, { smtputf8, warn }: TableEnvironment) {
    this.reference = reference
    this.kind = table.kind
    this.#table = table
    this.#smtputf8 = smtputf8
    this.#warn = warn
  }

  lookup(key: string): Later<string | undefined> {
    if (this.#smtputf8 && !key.isWellFormed()) {
      this.#warn(`${this.reference}: non-UTF-8 key "${key}": ${NOT_UTF8}`)
      return undefined
    }
    const folded = this.kind === 'fixed' ? foldKey(key, this.#smtputf8) : key
    const value = this.#table.lookup(folded)
    if (typeof value === 'object') return andThen(value, (late) => this.#checked(folded, late))
    return this.#checked(folded, value)
  }

  hasChanged(): boolean {
    return this.#table.hasChanged?.() ?? false
  }

  close(): void {
    this.#table.close?.()
  }

  #checked(key: string, value: string | undefined): string | undefined {
    if (value === undefined || !this.#smtputf8 || value.isWellFormed()) return value
    const reason = `${this.reference}: key "${key}": non-UTF-8 value "${value}": ${NOT_UTF8}`
    this.#warn(reason)
    throw new LookupTableError('lookup-failed', { item: this.reference, reason })
  }
}

function unavailableTable(
  reference: string,
  cause: LookupTableError,
  { warn }: TableEnvironment,
): OpenedTable {
  const reason = `${reference} is unavailable. ${cause.message}`
  return {
    reference,
    kind: 'fixed',
    lookup() {
      warn(reason)
      throw new LookupTableError('unavailable', { item: reference, reason, cause })
    },
    hasChanged: () => false,
    close() {},
  }
}
