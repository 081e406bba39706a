import { AddressResolverError } from './errors.ts'
import { type Lookup, settled, withParameter } from './lookup.ts'

/**
 * The tables of one parameter, such as `transport_maps`: what they say of an address in internal
 * form, under all keys that it stands for (`G-55`), as `lookupAddress` of `@posthouse/lookup-table`
 * does. Undefined: not found. May answer at once or later; an empty result counts as a failure
 * (`G-54`).
 *
 * @throws {AddressResolverError} `lookup`, also as a rejection: no answer now. Mail then waits.
 */
export type AddressTable = (address: string) => string | undefined | Promise<string | undefined>

/** The tables of the resolver; leave out those whose parameter is empty. */
export interface RoutingTables {
  /** `transport_maps`, asked for keys in the style of transport(5), `*` included. */
  readonly transportMaps?: AddressTable
  /** `sender_dependent_relayhost_maps`. */
  readonly senderDependentRelayhostMaps?: AddressTable
  /** `sender_dependent_default_transport_maps`. */
  readonly senderDependentDefaultTransportMaps?: AddressTable
  /** `relocated_maps`. */
  readonly relocatedMaps?: AddressTable
  /** `empty_address_relayhost_maps_lookup_key`. */
  readonly emptyAddressRelayhostMapsLookupKey: string
  /** `empty_address_default_transport_maps_lookup_key`. */
  readonly emptyAddressDefaultTransportMapsLookupKey: string
  /** `relocated_prefix_enable`. */
  readonly relocatedPrefixEnable: boolean
}

/** Asks one table; its failure carries the name of the parameter from here on. */
export function* ask(
  parameter: string,
  table: AddressTable,
  address: string,
): Lookup<string | undefined> {
  try {
    const result = yield* settled(table(address))
    if (result !== '') return result
    throw new AddressResolverError('lookup', 'expected a result that is not empty')
  } catch (error) {
    throw withParameter(parameter, error)
  }
}
