import type { Logger } from '@posthouse/mail-log'

import type { DnsFailure, QueryType, RecordTypes, UsableRecords } from './dns-answer.ts'
import { whenAllReady } from './when-ready.ts'

/** What a table says of a record; null: it cannot be asked, which it has logged itself. */
export type FilterAction = string | undefined | null

/**
 * `smtp_dns_reply_filter`: what is to be done with a record, written as `name. ttl IN TYPE data`.
 * Must not throw or reject.
 */
export type ReplyFilter = (record: string) => FilterAction | Promise<FilterAction>

type Filtered<Item> = UsableRecords<Item> | DnsFailure

/** Drops the records for which the filter says IGNORE (C-15). */
export function filterReply<Type extends QueryType>(
  filter: ReplyFilter,
  records: readonly RecordTypes[Type][],
  name: string,
  type: Type,
  log: Logger,
): Filtered<RecordTypes[Type]> | Promise<Filtered<RecordTypes[Type]>> {
  const failure = `Error looking up name=${name} type=${type}:`
  const lines = records.map((record) => formatRecord(record, type))
  return whenAllReady(lines.map(filter), (actions) => {
    const items: RecordTypes[Type][] = []
    for (const [index, action] of actions.entries()) {
      if (action === undefined) {
        items.push(records[index]!)
      } else if (action !== null && /^IGNORE$/i.test(action.trim())) {
        log.info(`ignoring DNS RR: ${lines[index]}`)
      } else {
        const text = `smtp_dns_reply_filter: unknown DNS filter action: "${action}"`
        if (action !== null) log.warning(text)
        return { kind: 'retry', text: `${failure} Invalid DNS reply filter syntax` }
      }
    }
    if (items.length > 0) return { kind: 'ok', items }
    return { kind: 'policy', text: `${failure} DNS reply filter drops all results` }
  })
}

function formatRecord(record: RecordTypes[QueryType], type: QueryType): string {
  return `${record.name}. ${record.ttl} IN ${type} ${formatData(record)}`
}

function formatData(record: RecordTypes[QueryType]): string {
  if ('address' in record) return record.address
  if ('host' in record) return `${record.host}.`
  if ('exchange' in record) return `${record.preference} ${record.exchange}.`
  if ('certificate' in record) {
    const { usage, selector, matchingType, certificate } = record
    const hex = Buffer.from(certificate).toString('hex').toUpperCase()
    return `${usage} ${selector} ${matchingType} ${hex}`
  }
  if (!('port' in record)) return `${record.target}.`
  const { priority, weight, port, target } = record
  return `${priority} ${weight} ${port} ${target}.`
}
