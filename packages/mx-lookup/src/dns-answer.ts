/** What every record has. */
interface OwnedRecord {
  /** Name that the record belongs to: at the end of CNAMEs, another one than was asked for. */
  readonly name: string
  /** Seconds. */
  readonly ttl: number
}

/** The record types that are asked for. */
export interface RecordTypes {
  A: OwnedRecord & { readonly address: string }
  AAAA: OwnedRecord & { readonly address: string }
  CNAME: OwnedRecord & { readonly target: string }
  MX: OwnedRecord & { readonly preference: number; readonly exchange: string }
  NS: OwnedRecord & { readonly host: string }
  SRV: OwnedRecord & {
    readonly priority: number
    readonly weight: number
    readonly port: number
    readonly target: string
  }
  TLSA: OwnedRecord & {
    readonly usage: number
    readonly selector: number
    readonly matchingType: number
    readonly certificate: Uint8Array
  }
}

/** A record type that is asked for. */
export type QueryType = keyof RecordTypes

/** How a question is asked. */
export interface QueryOptions {
  /** Asks for DNSSEC validation. */
  readonly dnssec: boolean
  /** `res_defnames` and `res_dnsrch` of resolver(3); undefined: the name as it is. */
  readonly search?: { readonly defaultDomain: boolean; readonly searchList: boolean } | undefined
}

/** What a question gave. Names have no dot at the end, but for the root, which is `.`. */
export type DnsReply<Item> = (
  | { readonly kind: 'found'; readonly records: readonly Item[]; readonly dropped: number }
  | {
      readonly kind: 'nxdomain' | 'nodata' | 'loop' | 'retry' | 'malformed' | 'fail'
      /** The name that was asked for last, at the end of CNAMEs. */
      readonly name: string
    }
) & {
  /** Whether it was validated (the AD bit). Default: no. */
  readonly secure?: boolean | undefined
}

/** Asks name servers: `DnsClient` of @posthouse/dns-client, which has the cache, too. */
export interface DnsResolver {
  /** At once, without a promise, when the answer is known. Must not reject. */
  query<Type extends QueryType>(
    name: string,
    type: Type,
    options: QueryOptions,
  ): DnsReply<RecordTypes[Type]> | Promise<DnsReply<RecordTypes[Type]>>
}

/** Why a lookup gave nothing: the result classes of C-14. */
export type FailureKind = 'notfound' | 'nullsrv' | 'nullmx' | 'fail' | 'inval' | 'retry' | 'policy'

/** A lookup without a usable record. */
export interface DnsFailure {
  readonly kind: FailureKind
  /** The text of C-14. */
  readonly text: string
}

/** The records of an answer that can be used. */
export interface UsableRecords<Item> {
  readonly kind: 'ok'
  readonly items: readonly Item[]
}

/** What one query gave; `secure`: DNSSEC has validated it, CNAMEs included. */
export type DnsAnswer<Item> = (UsableRecords<Item> & { readonly secure: boolean }) | DnsFailure

/** Largest number of records that are kept of one answer (C-14). */
export const MAX_RECORDS = 100

/** The result for a name that is not asked for, since it cannot be a host name (C-14). */
export function invalidName(name: string): DnsFailure {
  return {
    kind: 'notfound',
    text: `Name service error for ${name}: invalid host or domain name`,
  }
}

/** An answer that makes no sense. */
export function malformedAnswer(
  kind: 'inval' | 'retry',
  name: string,
  type: QueryType,
): DnsFailure {
  const reason = 'Malformed or unexpected name server reply'
  return { kind, text: `Name service error for name=${name} type=${type}: ${reason}` }
}

/** The result class and text for a question that gave no records (C-14). */
export function dnsFailure(
  { kind, name }: Exclude<DnsReply<never>, { kind: 'found' }>,
  type: QueryType,
): DnsFailure {
  const prefix = `Host or domain name not found. Name service error for name=${name} type=${type}:`
  switch (kind) {
    case 'nxdomain':
      return { kind: 'notfound', text: `${prefix} Host not found` }
    case 'nodata':
      return { kind: 'notfound', text: `${prefix} Host found but no data record of requested type` }
    case 'loop':
      return { kind: 'notfound', text: `Name server loop for ${name}` }
    case 'malformed':
      return malformedAnswer('retry', name, type)
    case 'fail':
      return { kind: 'fail', text: `${prefix} Non-recoverable error` }
    case 'retry':
      return { kind: 'retry', text: `${prefix} Host not found, try again` }
  }
}
