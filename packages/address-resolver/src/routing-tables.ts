import { quoteHeaderAddress, splitAddress } from '@posthouse/mail-address'

import type { DomainMatcher } from './domain-matcher.ts'
import { AddressResolverError } from './errors.ts'
import { ask, type Lookup, type LookupTable, settled } from './lookup.ts'
import { dottedKeys, parentKeys } from './parent-keys.ts'

/** The tables of the resolver; leave out those whose parameter is empty. */
export interface RoutingTables {
  /** `transport_maps`. */
  readonly transportMaps?: LookupTable
  /** `sender_dependent_relayhost_maps`. */
  readonly senderDependentRelayhostMaps?: LookupTable
  /** `sender_dependent_default_transport_maps`. */
  readonly senderDependentDefaultTransportMaps?: LookupTable
  /** `relocated_maps`. */
  readonly relocatedMaps?: LookupTable
  /** Whether `parent_domain_matches_subdomains` names `transport_maps`. */
  readonly transportMapsParentStyle: boolean
  /** `recipient_delimiter`: characters that begin an address extension; empty: none. */
  readonly recipientDelimiter: string
  /** `empty_address_relayhost_maps_lookup_key`. */
  readonly emptyAddressRelayhostMapsLookupKey: string
  /** `empty_address_default_transport_maps_lookup_key`. */
  readonly emptyAddressDefaultTransportMapsLookupKey: string
  /** `relocated_prefix_enable`. */
  readonly relocatedPrefixEnable: boolean
}

const WILDCARD = '*'

/** The result for an address in a table of the `transport_maps` kind (`G-55`, `G-149`). */
export function* findTransport(
  table: LookupTable,
  tables: RoutingTables,
  recipient: string,
): Lookup<string | undefined> {
  const parameter = 'transport_maps'
  const { domain = '' } = splitAddress(recipient)
  const domainKeys = tables.transportMapsParentStyle ? parentKeys(domain) : dottedKeys(domain)
  const keys = [...extensionKeys(recipient, tables.recipientDelimiter), ...domainKeys, WILDCARD]
  return yield* firstAnswer(parameter, table, recipient, keys)
}

/** The result for an address in a table of the `canonical_maps` kind (`G-55`, first column). */
export function* findAddress(
  parameter: string,
  table: LookupTable,
  address: string,
  delimiter: string,
  isLocalDomain: DomainMatcher,
): Lookup<string | undefined> {
  const { domain } = splitAddress(address)
  const keys = extensionKeys(address, delimiter)
  if (domain !== undefined) {
    if (yield* settled(isLocalDomain(domain))) keys.push(...keys.flatMap(localPartOf))
    keys.push(`@${domain}`)
  }
  return yield* firstAnswer(parameter, table, address, keys)
}

/** The address, then without its extension; each in external form first. No empty keys. */
function extensionKeys(address: string, delimiter: string): string[] {
  const { localPart, domain } = splitAddress(address)
  const suffix = domain === undefined ? '' : `@${domain}`
  // A delimiter at the very start begins no extension: nothing would be left.
  const at = [...localPart].findIndex((char, index) => index > 0 && delimiter.includes(char))
  const stripped = at < 0 ? [] : [[...localPart].slice(0, at).join('') + suffix]
  const keys = [address, ...stripped].flatMap((key) => [quoteHeaderAddress(key), key])
  return [...new Set(keys)].filter((key) => key !== '')
}

function localPartOf(address: string): string[] {
  const { localPart } = splitAddress(address)
  return localPart === '' ? [] : [localPart]
}

function* firstAnswer(
  parameter: string,
  table: LookupTable,
  address: string,
  keys: readonly string[],
): Lookup<string | undefined> {
  const external = quoteHeaderAddress(address)
  for (const key of keys) {
    const isDerived = key !== address && key !== external
    const answer = yield* ask(parameter, table, key, isDerived)
    if (answer !== undefined) return answer
  }
  return undefined
}

/** An empty result is an error of the table (`G-54`). @throws {AddressResolverError} `lookup` */
export function notEmpty(parameter: string, result: string | undefined): string | undefined {
  if (result !== '') return result
  throw new AddressResolverError('lookup', 'expected a result that is not empty', { parameter })
}
