import { type Clock, systemClock as clock } from '@posthouse/clock'
import type { Config } from '@posthouse/config'
import {
  type OpenedTable,
  type OpenTable,
  openTable,
  type TableEnvironment,
  TableList,
  tableFiles,
} from '@posthouse/lookup-table'
import type { Logger } from '@posthouse/mail-log'

/** What tables need from the machine. */
export type TableSystem = Pick<
  TableEnvironment,
  'readFile' | 'modifiedMs' | 'variables' | 'random'
> & { readonly clock: Clock }

const THIS_SYSTEM: TableSystem = {
  ...tableFiles,
  variables: process.env,
  random: Math.random,
  clock,
}

/** What tables are asked for: text, which may be UTF-8, or whatever a message has in it. */
export type TableKeys = 'text' | 'bytes'

interface OpenedFor {
  readonly table: OpenedTable
  readonly log: Logger
}

/**
 * The lookup tables of one generation of the configuration, each opened once for all lists of one
 * program that name it.
 */
export class Tables {
  readonly #system: TableSystem
  readonly #opened: OpenedFor[] = []
  readonly #lists: { readonly list: TableList; readonly log: Logger }[] = []
  /** What could not be opened; each throws until it can be. */
  readonly #missing = new Map<string, () => void>()

  /** @param readFile for the files of tables. */
  constructor(readFile: TableSystem['readFile'] = THIS_SYSTEM.readFile) {
    this.#system = { ...THIS_SYSTEM, readFile }
  }

  /** What opens tables for a program with this configuration and log. */
  opener(config: Config, log: Logger): OpenTable {
    const environment = this.#environment(config, log)
    return (type, name) => {
      const reference = `${type}:${name}`
      const known = this.#opened.find(
        (one) => one.log === log && one.table.reference === reference,
      )?.table
      if (known !== undefined) return known
      try {
        const table = openTable(reference, environment)
        this.#opened.push({ table, log })
        return table
      } catch (error) {
        const quiet = { ...environment, warn: () => undefined }
        this.#missing.set(`table ${reference}`, () => openTable(reference, quiet).close())
        throw error
      }
    }
  }

  /**
   * Opens the tables of a parameter such as `virtual_alias_maps`.
   *
   * @param keys `bytes`: any are looked up, also with `smtputf8_enable`.
   * @throws {LookupTableError} as `TableList` does
   */
  list(name: string, text: string, config: Config, log: Logger, keys: TableKeys): TableList {
    const smtputf8 = keys === 'text' && config.smtputf8_enable
    const environment = { ...this.#environment(config, log), smtputf8 }
    const openErrorIsFatal = config.daemon_table_open_error_is_fatal
    const list = new TableList(text, { name, environment, openErrorIsFatal })
    this.#lists.push({ list, log })
    if (list.problems.length > 0) {
      const quiet = { name, environment: { ...environment, warn: () => undefined } }
      this.#missing.set(`a table of ${name}`, () =>
        new TableList(text, { ...quiet, openErrorIsFatal: true }).close(),
      )
    }
    return list
  }

  /** Runs `open`; if it throws, this generation has changed as soon as it does no longer. */
  tryAgainLater<Result>(what: string, open: () => Result): Result {
    try {
      return open()
    } catch (error) {
      this.#missing.set(what, open)
      throw error
    }
  }

  /**
   * The first table whose file has changed or is gone, or that could not be opened and now can be:
   * `table texthash:F` (G-52). Such tables are good for a new generation only.
   */
  changed(): { readonly what: string; readonly log: Logger | undefined } | undefined {
    const changed = this.#opened.find(({ table }) => table.hasChanged())
    if (changed !== undefined) {
      return { what: `table ${changed.table.reference}`, log: changed.log }
    }
    for (const { list, log } of this.#lists) {
      const reference = list.changedTable()
      if (reference !== undefined) return { what: `table ${reference}`, log }
    }
    for (const [what, open] of this.#missing) {
      if (succeeds(open)) return { what, log: undefined }
    }
    return undefined
  }

  /** Gives back connections and files. Lookups under way and to come fail. */
  close(): void {
    for (const { table } of this.#opened) table.close()
    for (const { list } of this.#lists) list.close()
  }

  #environment(config: Config, log: Logger): TableEnvironment {
    const warn = (text: string) => log.warning(text)
    return { ...this.#system, smtputf8: config.smtputf8_enable, warn }
  }
}

function succeeds(open: () => void): boolean {
  try {
    open()
    return true
  } catch {
    return false // As before; it was logged then.
  }
}
