import type { AddressMap, AddressMappingOptions } from '@posthouse/cleanup'
import type { Config, ParameterName } from '@posthouse/config'
import { type AddressKeys, lookupAddress } from '@posthouse/lookup-table'

import { domainMatcher, type ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'
import { canonicalKeys, orLookupError, propagates } from './address-keys.ts'

/**
 * cleanup(8): the maps for addresses, masquerading, and automatic copies.
 *
 * @param ownAddresses of `inet_interfaces` and `proxy_interfaces`, expanded.
 * @returns undefined if nothing of that is set.
 * @throws {ConfigError} A list cannot be used.
 */
export function addressMappingOptions(
  user: ListUser,
  ownAddresses: readonly string[],
  tables: Tables,
): AddressMappingOptions | undefined {
  const { config } = user
  const keys = canonicalKeys(user, ownAddresses, tables)
  const mapOf = (name: ParameterName) => addressMap(name, user, keys, tables)
  const canonical = [
    { map: mapOf('sender_canonical_maps'), classes: words(config.sender_canonical_classes) },
    { map: mapOf('recipient_canonical_maps'), classes: words(config.recipient_canonical_classes) },
    { map: mapOf('canonical_maps'), classes: words(config.canonical_classes) },
  ].flatMap(({ map, classes }) => (map === undefined ? [] : [{ map, classes }]))
  const masquerade = masqueradeOptions(user, tables)
  const virtual = mapOf('virtual_alias_maps')
  const aliasLimits = limits(config)
  const senderBcc = mapOf('sender_bcc_maps')
  const recipientBcc = mapOf('recipient_bcc_maps')
  const parts = {
    ...(masquerade !== undefined && { masquerade }),
    ...(virtual !== undefined && { virtualAliases: { map: virtual, ...aliasLimits } }),
    ...(senderBcc !== undefined && { senderBcc }),
    ...(recipientBcc !== undefined && { recipientBcc }),
  }
  if (canonical.length === 0 && Object.keys(parts).length === 0) return undefined
  return {
    canonical,
    propagateCanonical: propagates(config, 'canonical'),
    propagateVirtual: propagates(config, 'virtual'),
    ...parts,
  }
}

function limits(config: Config) {
  return {
    recursionLimit: config.virtual_alias_recursion_limit,
    expansionLimit: config.virtual_alias_expansion_limit,
    addressLengthLimit: config.virtual_alias_address_length_limit,
  }
}

function masqueradeOptions(user: ListUser, tables: Tables): AddressMappingOptions['masquerade'] {
  const { masquerade_domains: domains, masquerade_classes: classes } = user.config
  const isException = domainMatcher('masquerade_exceptions', user, tables)
  if (domains.length === 0) return undefined
  return {
    domains,
    classes: words(classes),
    isException: (localPart) => orLookupError(() => isException(localPart)),
  }
}

/** Undefined if no table is named. */
function addressMap(
  name: ParameterName,
  user: ListUser,
  keys: AddressKeys,
  tables: Tables,
): AddressMap | undefined {
  const list = tableList(name, user, tables)
  if (!list.has('all')) return undefined
  return { name, lookup: (address) => lookupAddress(list, address, keys) }
}

function words(list: readonly string[]): string[] {
  return list.map((word) => word.toLowerCase())
}
