import type { DnsReply, DnsResolver, QueryType, RecordTypes } from '@posthouse/mx-lookup'

import { publicKeyDigest } from './tls-settings.ts'

/** Records by name and type, or how a question fails; `dnssec` is `secure` for what is signed. */
export type Zone = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

const FAILURES = { NXDOMAIN: 'nxdomain', TRYAGAIN: 'retry', NONRECOVERABLE: 'fail' } as const
const MAX_ALIASES = 10

/** A name server that has a dialogue's zone. */
export class ZoneResolver implements DnsResolver {
  readonly #zone: Zone

  constructor(zone: Zone) {
    this.#zone = zone
  }

  query<Type extends QueryType>(asked: string, type: Type): DnsReply<RecordTypes[Type]> {
    let name = asked
    for (let aliases = 0; ; aliases++) {
      const target = this.#zone[name]?.['CNAME']?.[0]
      if (target === undefined) break
      if (aliases === MAX_ALIASES) return { kind: 'loop', name }
      name = target
    }
    const entry = this.#zone[name]
    const data = entry === undefined ? 'NXDOMAIN' : (entry[type] ?? [])
    if (typeof data === 'string') return { kind: FAILURES[data as keyof typeof FAILURES], name }
    if (data.length === 0) return { kind: 'nodata', name }
    const records = data.map((text) => recordOf(name, type, text) as RecordTypes[Type])
    return { kind: 'found', records, dropped: 0, secure: entry?.['dnssec'] === 'secure' }
  }
}

function recordOf(name: string, type: QueryType, text: string): RecordTypes[QueryType] {
  const words = text.split(' ')
  const [first, second, third] = words.map(Number) as [number, number, number]
  const target = words.at(-1)!
  const owned = { name, ttl: 60 }
  switch (type) {
    case 'MX':
      return { ...owned, preference: first, exchange: target }
    case 'SRV':
      return { ...owned, priority: first, weight: second, port: third, target }
    case 'TLSA': {
      const [, certificate = ''] = /^PUBKEY_SHA256\((\w+)\)$/.exec(target) ?? []
      const data = { certificate: publicKeyDigest(certificate) }
      return { ...owned, usage: first, selector: second, matchingType: third, ...data }
    }
    default:
      return { ...owned, address: target }
  }
}
