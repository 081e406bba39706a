/** The part of a `node:dns/promises` Resolver that is used; tests bring their own. */
export interface DnsResolver {
  resolveMx(name: string): Promise<readonly { exchange: string; priority: number }[]>
  resolve4(name: string, options: { ttl: true }): Promise<readonly AddressRecord[]>
  resolve6(name: string, options: { ttl: true }): Promise<readonly AddressRecord[]>
}

/** An A or AAAA record. */
export interface AddressRecord {
  readonly address: string
  /** Seconds. */
  readonly ttl: number
}

/** The record types that are asked for. */
export type QueryType = 'MX' | 'A' | 'AAAA'

/** Why a lookup gave nothing: the result classes of C-14 that this package knows. */
export type FailureKind = 'notfound' | 'nullmx' | 'fail' | 'inval' | 'retry'

/** A lookup without a usable record. */
export interface DnsFailure {
  readonly kind: FailureKind
  /** The text of C-14. */
  readonly text: string
}

/** What one query gave. */
export type DnsAnswer<Item> = { readonly kind: 'ok'; readonly items: readonly Item[] } | DnsFailure

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

/** The result class and text for an error of the resolver (C-14). */
export function dnsFailure(error: unknown, name: string, type: QueryType): DnsFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const prefix = `Host or domain name not found. Name service error for name=${name} type=${type}:`
  switch (code) {
    case 'ENOTFOUND':
      return { kind: 'notfound', text: `${prefix} Host not found` }
    case 'ENODATA':
      return { kind: 'notfound', text: `${prefix} Host found but no data record of requested type` }
    case 'EBADNAME':
      return invalidName(name)
    case 'EBADRESP':
      return malformedAnswer('retry', name, type)
    case 'EFORMERR':
    case 'ENOTIMP':
    case 'EREFUSED':
      return { kind: 'fail', text: `${prefix} Non-recoverable error` }
    default:
      // SERVFAIL, a time-out, no server to ask, and whatever else may pass by itself.
      return { kind: 'retry', text: `${prefix} Host not found, try again` }
  }
}
