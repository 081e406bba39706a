import type { ParameterName } from '@posthouse/config'
import { LookupTableError, type TableList } from '@posthouse/lookup-table'

import type { ListUser } from './match-lists.ts'
import type { TableKeys, Tables } from './tables.ts'

/**
 * The tables of a parameter such as `virtual_alias_maps`, opened.
 *
 * @throws {ConfigError} A name is not that of a table; with `daemon_table_open_error_is_fatal` a
 * table cannot be opened.
 */
export function tableList(
  name: ParameterName,
  { config, log }: ListUser,
  tables: Tables,
  keys: TableKeys = 'text',
): TableList {
  const { settings } = config
  try {
    const list = tables.list(name, settings.expanded(name), config, log, keys)
    for (const { severity, text } of list.problems) log[severity](text)
    return list
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error
    throw settings.error(name, error.message, 'tables that can be opened, type:name')
  }
}
