import type { CheckTable, ContentChecks } from '@posthouse/cleanup'
import type { TableList } from '@posthouse/lookup-table'

import type { ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'

type CheckParameter =
  | 'header_checks'
  | 'mime_header_checks'
  | 'nested_header_checks'
  | 'body_checks'

/**
 * cleanup(8): header and body checks. Parameters with the same value, as
 * `mime_header_checks` has by default, share their tables.
 *
 * @throws {ConfigError} A name is not that of a table, or one cannot be opened.
 */
export function contentChecks(user: ListUser, tables: Tables): ContentChecks {
  const lists = new Map<string, TableList>()
  const tableOf = (name: CheckParameter): CheckTable | undefined => {
    const text = user.config.settings.expanded(name)
    // Content need not be UTF-8, and must not get past its checks for that.
    const list = lists.get(text) ?? tableList(name, user, tables, 'bytes')
    lists.set(text, list)
    return list.has('all') ? { name, lookup: (key) => list.lookup(key) } : undefined
  }
  const headerChecks = tableOf('header_checks')
  const mimeHeaderChecks = tableOf('mime_header_checks')
  const nestedHeaderChecks = tableOf('nested_header_checks')
  const bodyChecks = tableOf('body_checks')
  return {
    ...(headerChecks !== undefined && { headerChecks }),
    ...(mimeHeaderChecks !== undefined && { mimeHeaderChecks }),
    ...(nestedHeaderChecks !== undefined && { nestedHeaderChecks }),
    ...(bodyChecks !== undefined && { bodyChecks }),
  }
}
