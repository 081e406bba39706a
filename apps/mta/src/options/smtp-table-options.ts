import type { ParameterName } from '@posthouse/config'
import type { ClientTable, SmtpClientOptions, SmtpContentChecks } from '@posthouse/smtp-client'

import type { ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { TableKeys, Tables } from '../tables.ts'
import { loggedTable } from './logged-table.ts'

/**
 * Tables of smtp(8) about servers, content and outcomes; undefined where there are none.
 *
 * @throws {ConfigError} A name is not that of a table, or one cannot be opened.
 */
export function smtpTableOptions(
  user: ListUser,
  tables: Tables,
): Pick<
  SmtpClientOptions,
  'discardEhloKeywordMaps' | 'pixWorkaroundMaps' | 'contentChecks' | 'deliveryStatusFilter'
> {
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
    contentChecks: isChecked ? contentChecks : undefined,
    deliveryStatusFilter: tableOf('smtp_delivery_status_filter'),
  }
}
