import { LookupTableError } from './errors.ts'
import { andThen, type Later } from './later.ts'
import type { ListProblem } from './match-list.ts'
import { type OpenedTable, openTable, openTableOrFailing } from './open-table.ts'
import { splitItems } from './split-items.ts'
import type { TableEnvironment, TablePurpose } from './table-type.ts'

/** What a `TableList` needs besides its text. */
export interface TableListOptions {
  /** The main.cf parameter that holds the list, for warnings. */
  readonly name: string
  readonly environment: TableEnvironment
  readonly purpose?: TablePurpose
  /** `daemon_table_open_error_is_fatal`: a table that cannot be opened throws. False if absent. */
  readonly openErrorIsFatal?: boolean
}

/** Which tables of a list are asked: all, or those whose keys are names (`fixed`). */
export type TableScope = 'all' | 'fixed'

/**
 * The tables of a parameter such as `virtual_alias_maps`, asked in order: the first that has the
 * key decides (G-54). A list without tables has no key.
 */
export class TableList {
  readonly name: string
  /** What to log once, at the start: tables that could not be opened. */
  readonly problems: readonly ListProblem[]
  readonly #all: readonly OpenedTable[]
  readonly #fixed: readonly OpenedTable[]

  /**
   * Opens the tables.
   *
   * @throws {LookupTableError} `bad-table-name`; with `openErrorIsFatal` what `openTable` throws
   */
  constructor(text: string, options: TableListOptions) {
    const { name, environment, purpose, openErrorIsFatal = false } = options
    const problems: ListProblem[] = []
    const report = (problem: ListProblem): number => problems.push(problem)
    const tables: OpenedTable[] = []
    try {
      for (const { text: reference } of splitItems(text)) {
        const table = openErrorIsFatal
          ? openTable(reference, environment, purpose)
          : openTableOrFailing(reference, environment, report, purpose)
        tables.push(table)
      }
    } catch (error) {
      for (const table of tables) table.close()
      throw error
    }
    this.name = name
    this.problems = problems
    this.#all = tables
    this.#fixed = tables.filter((table) => table.kind === 'fixed')
  }

  /** Whether there are tables in the scope. */
  has(scope: TableScope): boolean {
    return this.#tables(scope).length > 0
  }

  /**
   * The value of the first table that has the key. A string or undefined unless a table that was
   * asked answers later. The empty key is never found.
   *
   * @throws {LookupTableError} `lookup-failed`, at once or as a rejection: a table could not
   * answer, or has an empty value. Log its `warnings`, and try the mail again later.
   */
  lookup(key: string, scope: TableScope = 'all'): Later<string | undefined> {
    return key === '' ? undefined : this.#ask(this.#tables(scope), key, 0)
  }

  /** Whether a file of a table has changed or is gone (G-52): make a new list. */
  hasChanged(): boolean {
    return this.#all.some((table) => table.hasChanged())
  }

  /** The first such table, as `type:name`. */
  changedTable(): string | undefined {
    return this.#all.find((table) => table.hasChanged())?.reference
  }

  /** Gives back connections and files. Lookups to come fail. */
  close(): void {
    for (const table of this.#all) table.close()
  }

  #tables(scope: TableScope): readonly OpenedTable[] {
    return scope === 'all' ? this.#all : this.#fixed
  }

  #ask(tables: readonly OpenedTable[], key: string, from: number): Later<string | undefined> {
    for (let at = from; at < tables.length; at++) {
      const table = tables[at]!
      const value = this.#askOne(table, key)
      if (typeof value === 'object') {
        return andThen(value, (late) =>
          late === undefined ? this.#ask(tables, key, at + 1) : this.#checked(late, table, key),
        )
      }
      if (value !== undefined) return this.#checked(value, table, key)
    }
    return undefined
  }

  #askOne(table: OpenedTable, key: string): Later<string | undefined> {
    const fail = (cause: unknown): never => {
      const reason = `${table.reference} lookup error for "${key}"`
      throw this.#failure(table, reason, [reason], cause)
    }
    try {
      const value = table.lookup(key)
      return typeof value === 'object' ? value.catch(fail) : value
    } catch (cause) {
      return fail(cause)
    }
  }

  #checked(value: string, table: OpenedTable, key: string): string {
    if (value !== '') return value
    const first = `${this.name} lookup of ${key} returns an empty string result`
    const second = `${this.name} should return NO RESULT in case of NOT FOUND`
    throw this.#failure(table, first, [first, second])
  }

  #failure(
    table: OpenedTable,
    reason: string,
    warnings: readonly string[],
    cause?: unknown,
  ): LookupTableError {
    const item = table.reference
    return new LookupTableError('lookup-failed', { list: this.name, item, reason, warnings, cause })
  }
}
