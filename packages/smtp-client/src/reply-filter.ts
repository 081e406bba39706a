import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import type { ClientTable } from './content-checks.ts'
import { TableError } from './errors.ts'
import { relayText } from './failure.ts'

/** What replaces lines of servers, one by one (C-41). */
export interface ReplyFilter {
  /** As main.cf names the table, for the log: `type:name`. */
  readonly table: string
  /** A line for another one, both with their code; undefined: it stays. */
  readonly lookup: ClientTable
}

// As what comes from servers is made printable (C-40).
const CONTROL = /[\0-\x1f\x7f]/g

/**
 * The line to be read instead of one that came from a server.
 *
 * @param onReplaced told of it, unless the line stays.
 * @throws {TableError} as a rejection
 */
export async function filteredLine(
  line: string,
  { table, lookup }: ReplyFilter,
  server: MailServer,
  queueId: string,
  log: Logger,
  onReplaced: (text: string) => void,
): Promise<string> {
  let found: string | undefined
  try {
    found = await lookup(line)
  } catch (error) {
    log.warning(`${queueId}: table ${table} lookup error for ${line}`, { queueId })
    throw new TableError('a line of a server cannot be looked up', { cause: error })
  }
  if (found === undefined) return line
  const text = found.replace(CONTROL, '?')
  const relay = relayText(server)
  onReplaced(text)
  log.info(`${relay}: replacing server reply "${line}" with "${text}"`, { queueId, relay })
  return text
}
