import {
  AddressResolverError,
  type AddressTable,
  type RoutingTables,
} from '@posthouse/address-resolver'
import type { ParameterName } from '@posthouse/config'
import {
  type AddressKeys,
  type AddressMatch,
  LookupTableError,
  lookupAddress,
} from '@posthouse/lookup-table'
import type { ResolveRequest } from '@posthouse/queue-manager'

import { type ListUser, parentStyle } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'
import { canonicalKeys, extensionRules } from './address-keys.ts'
import { nameFor } from './resolver-options.ts'

/**
 * trivial-rewrite(8): the tables that say where mail goes.
 *
 * @param ownAddresses of `inet_interfaces` and `proxy_interfaces`, expanded.
 * @returns undefined if none is set.
 * @throws {ConfigError} One of them cannot be used.
 */
export function routingTables(
  user: ListUser,
  ownAddresses: readonly string[],
  tables: Tables,
  request: ResolveRequest,
): RoutingTables | undefined {
  const { config } = user
  const ofSenders = canonicalKeys(user, ownAddresses, tables)
  const ofTransports: AddressKeys = {
    style: 'transport',
    extensions: extensionRules(config),
    subdomains: parentStyle('transport_maps', config),
  }
  const table = (name: ParameterName, keys: AddressKeys) => addressTable(name, user, tables, keys)
  const bySender = (name: `sender_dependent_${'relayhost' | 'default_transport'}_maps`) =>
    table(nameFor(request, name), ofSenders)
  const transportMaps = table(nameFor(request, 'transport_maps'), ofTransports)
  const senderDependentRelayhostMaps = bySender('sender_dependent_relayhost_maps')
  const senderDependentDefaultTransportMaps = bySender('sender_dependent_default_transport_maps')
  const relocatedMaps = table('relocated_maps', ofSenders)
  const named = {
    ...(transportMaps && { transportMaps }),
    ...(senderDependentRelayhostMaps && { senderDependentRelayhostMaps }),
    ...(senderDependentDefaultTransportMaps && { senderDependentDefaultTransportMaps }),
    ...(relocatedMaps && { relocatedMaps }),
  }
  if (Object.keys(named).length === 0) return undefined
  return {
    ...named,
    emptyAddressRelayhostMapsLookupKey: config.empty_address_relayhost_maps_lookup_key,
    emptyAddressDefaultTransportMapsLookupKey:
      config.empty_address_default_transport_maps_lookup_key,
    relocatedPrefixEnable: config.relocated_prefix_enable,
  }
}

/** Undefined if no table is named. */
function addressTable(
  name: ParameterName,
  user: ListUser,
  tables: Tables,
  keys: AddressKeys,
): AddressTable | undefined {
  const list = tableList(name, user, tables)
  if (!list.has('all')) return undefined
  const value = (match: AddressMatch | undefined) => match?.value
  const fail = (error: unknown): never => {
    if (!(error instanceof LookupTableError)) throw error
    for (const warning of error.warnings) user.log.warning(warning)
    throw new AddressResolverError('lookup', error.message, { cause: error })
  }
  return (address) => {
    try {
      const match = lookupAddress(list, address, keys)
      return match instanceof Promise ? match.then(value, fail) : value(match)
    } catch (error) {
      return fail(error)
    }
  }
}
