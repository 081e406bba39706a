import { type MatchListItem, parseMatchList } from '@posthouse/lookup-table'
import { parseRequireTlsAction, type RequireTlsPolicy } from '@posthouse/smtp-client'

import { type ListUser, readList } from '../match-lists.ts'
import type { Tables } from '../tables.ts'
import { loggedTable } from './logged-table.ts'

const NAME = 'smtp_requiretls_policy'

/**
 * `smtp_requiretls_policy`; undefined with `requiretls_enable = no`.
 *
 * @throws {ConfigError} An item is neither an action nor a table.
 */
export function requireTlsPolicy(user: ListUser, tables: Tables): RequireTlsPolicy | undefined {
  if (!user.config.requiretls_enable) return undefined
  const { items } = readList(NAME, user, tables, parseMatchList)
  return items.map((item) => policyItem(item, user))
}

function policyItem(item: MatchListItem, user: ListUser): RequireTlsPolicy[number] {
  if (item.kind === 'literal') {
    const action = item.negated ? undefined : parseRequireTlsAction(item.text)
    if (action !== undefined) return action
    const reason = `${NAME}: invalid action "${item.negated ? '!' : ''}${item.text}"`
    const expected = 'enforce, opportunistic+starttls, opportunistic, disable, or tables'
    throw user.config.settings.error(NAME, reason, expected)
  }
  return loggedTable((key) => {
    if (item.kind === 'broken') throw item.error
    return item.table.lookup(key)
  }, user)
}
