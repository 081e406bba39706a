import { LookupTableError } from '@posthouse/lookup-table'

import type { ListUser } from '../match-lists.ts'

/** What a table, or several, have for a key. */
export type TableLookup = (key: string) => string | undefined | Promise<string | undefined>

/** A table that logs why it cannot answer, before it fails. */
export function loggedTable(lookup: TableLookup, { log }: Pick<ListUser, 'log'>): TableLookup {
  const fail = (error: unknown): never => {
    if (error instanceof LookupTableError) {
      for (const warning of error.warnings) log.warning(warning)
    }
    throw error
  }
  return (key) => {
    try {
      const answer = lookup(key)
      return typeof answer === 'object' ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }
}
