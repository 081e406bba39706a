import { rewriteAddress } from '@posthouse/address-resolver'
import type { ParameterName } from '@posthouse/config'
import { mapAddress } from '@posthouse/lookup-table'
import type {
  ClientTable,
  ReplyFilter,
  SmtpClientOptions,
  SmtpContentChecks,
} from '@posthouse/smtp-client'

import type { ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { TableKeys, Tables } from '../tables.ts'
import { canonicalKeys, propagates } from './address-keys.ts'
import { loggedTable } from './logged-table.ts'
import { rewriteRules } from './resolver-options.ts'

type TableOption =
  | 'discardEhloKeywordMaps'
  | 'pixWorkaroundMaps'
  | 'replyFilter'
  | 'contentChecks'
  | 'genericMap'
  | 'deliveryStatusFilter'

/**
 * Tables of smtp(8) about servers, content and outcomes; undefined where there are none.
 *
 * @param ownAddresses `inet_interfaces`, expanded.
 * @throws {ConfigError} A name is not that of a table, or one cannot be opened.
 */
export function smtpTableOptions(
  user: ListUser,
  tables: Tables,
  ownAddresses: readonly string[],
): Pick<SmtpClientOptions, TableOption> {
  const tableOf = (name: ParameterName, keys?: TableKeys): ClientTable | undefined => {
    const list = tableList(name, user, tables, keys)
    return list.has('all') ? loggedTable((key) => list.lookup(key), user) : undefined
  }
  // Content need not be UTF-8, and must not get past its checks for that.
  const contentChecks: SmtpContentChecks = {
    headerChecks: tableOf('smtp_header_checks', 'bytes'),
    mimeHeaderChecks: tableOf('smtp_mime_header_checks', 'bytes'),
    nestedHeaderChecks: tableOf('smtp_nested_header_checks', 'bytes'),
    bodyChecks: tableOf('smtp_body_checks', 'bytes'),
  }
  const isChecked = Object.values(contentChecks).some((table) => table !== undefined)
  return {
    discardEhloKeywordMaps: tableOf('smtp_discard_ehlo_keyword_address_maps'),
    pixWorkaroundMaps: tableOf('smtp_pix_workaround_maps'),
    replyFilter: replyFilter(user, tables),
    contentChecks: isChecked ? contentChecks : undefined,
    genericMap: genericMap(user, tables, ownAddresses),
    deliveryStatusFilter: tableOf('smtp_delivery_status_filter'),
  }
}

function genericMap(
  user: ListUser,
  tables: Tables,
  ownAddresses: readonly string[],
): SmtpClientOptions['genericMap'] {
  const list = tableList('smtp_generic_maps', user, tables)
  if (!list.has('all')) return undefined
  const { config } = user
  const keys = canonicalKeys(user, ownAddresses, tables)
  const completion = rewriteRules(config)
  const rules = {
    propagate: propagates(config, 'generic'),
    rewrite: (address: string) => rewriteAddress(address, completion),
  }
  return loggedTable((address) => mapAddress(list, address, keys, rules), user)
}

function replyFilter(user: ListUser, tables: Tables): ReplyFilter | undefined {
  const list = tableList('smtp_reply_filter', user, tables)
  if (!list.has('all')) return undefined
  const table = user.config.settings.expanded('smtp_reply_filter')
  return { table, lookup: (line) => list.lookup(line) }
}
