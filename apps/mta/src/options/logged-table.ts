import { LookupTableError } from '@posthouse/lookup-table'

import type { ListUser } from '../match-lists.ts'

/** A table that logs why it cannot answer, before it fails. */
export function loggedTable<Found extends string | readonly string[] | undefined>(
  lookup: (key: string) => Found | Promise<Found>,
  { log }: Pick<ListUser, 'log'>,
): (key: string) => Found | Promise<Found> {
  const fail = (error: unknown): never => {
    if (error instanceof LookupTableError) {
      for (const warning of error.warnings) log.warning(warning)
    }
    throw error
  }
  return (key) => {
    try {
      const answer = lookup(key)
      return answer instanceof Promise ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }
}
