import type { DnsReply, RecordType, RecordTypes } from './dns-record.ts'
import type { Message } from './message.ts'

/** Largest number of records that are kept of one answer. */
export const MAX_RECORDS = 100

/** CNAMEs that are followed within one message. */
const MAX_HOPS = 16

const NO_ERROR = 0
const NO_SUCH_NAME = 3

/** What one message says, and how many seconds it may be kept; 0: not at all. */
export interface Judgement<Item> {
  readonly reply: DnsReply<Item>
  readonly ttl: number
}

/** The name exists under another one, of which the message says nothing. */
export interface Alias {
  readonly kind: 'alias'
  readonly target: string
  readonly ttl: number
  readonly secure: boolean
}

/**
 * Reads an answer: only records of the name that was asked for count, and of names that its CNAMEs
 * lead to.
 */
export function judge<Type extends RecordType>(
  message: Message,
  name: string,
  type: Type,
  trusted: boolean,
): Judgement<RecordTypes[Type]> | Alias {
  const secure = trusted && message.authentic
  const { code, negativeTtl = 0 } = message
  if (code === NO_SUCH_NAME) {
    return { reply: { kind: 'nxdomain', name, secure }, ttl: negativeTtl }
  }
  if (code !== NO_ERROR) return { reply: { kind: 'fail', name, secure }, ttl: 0 }

  const start = { name, ttl: Number.POSITIVE_INFINITY, hops: 0 }
  const end = type === 'CNAME' ? start : followAliases(message, start)
  const records = recordsOf(message, end.name, type)
  if (records.length > 0) {
    const kept = records.slice(0, MAX_RECORDS)
    const dropped = records.length - kept.length
    const ttl = kept.reduce((least, record) => Math.min(least, record.ttl), end.ttl)
    return { reply: { kind: 'found', records: kept, dropped, secure }, ttl }
  }
  if (end.hops > 0) return { kind: 'alias', target: end.name, ttl: end.ttl, secure }
  return { reply: { kind: 'nodata', name, secure }, ttl: negativeTtl }
}

/** Where the CNAMEs of a message lead to. In a circle it is left after some rounds. */
function followAliases(message: Message, start: { name: string; ttl: number; hops: number }) {
  let end = start
  while (end.hops < MAX_HOPS) {
    const [alias] = recordsOf(message, end.name, 'CNAME')
    if (alias === undefined) break
    end = { name: alias.target, ttl: Math.min(end.ttl, alias.ttl), hops: end.hops + 1 }
  }
  return end
}

function recordsOf<Type extends RecordType>(
  { answers }: Message,
  name: string,
  type: Type,
): RecordTypes[Type][] {
  const records: RecordTypes[Type][] = []
  for (const answer of answers) {
    if (answer.type !== type) continue
    // What has this type is such a record.
    if (isSame(answer.record.name, name)) records.push(answer.record as RecordTypes[Type])
  }
  return records
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
