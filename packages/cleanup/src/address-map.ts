import {
  type AddressMatch,
  type Later,
  LookupTableError,
  type MappingRules,
  mappedAddresses,
} from '@posthouse/lookup-table'

import { lookupFailure } from './errors.ts'

/** The tables of one parameter, such as `canonical_maps`; G-54 and G-55 are the program's. */
export interface AddressMap {
  /** The parameter, for the log. */
  readonly name: string
  /**
   * What is found for an address in internal form; the empty address is never found.
   *
   * @throws {LookupTableError} at once or as a rejection: it cannot be told now.
   */
  lookup(address: string): Later<AddressMatch | undefined>
}

/**
 * Looks an address up once.
 *
 * @returns the addresses it stands for, complete and in internal form, at least one; undefined if
 * it is not in the map. A result `@domain` replaces the domain only.
 * @throws {RefusalError} The table cannot answer, or the answer holds no address.
 */
export async function mapOnce(
  map: AddressMap,
  address: string,
  rules: MappingRules,
): Promise<[string, ...string[]] | undefined> {
  const match = await answerOf(map, address)
  if (match === undefined) return undefined
  const [first, ...others] = mappedAddresses(address, match, rules)
  if (first !== undefined) return [first, ...others]
  const { value } = match
  const reason = `${map.name} lookup of ${address} returns non-address result "${value}"`
  throw lookupFailure(map.name, address, [reason])
}

/** @throws {RefusalError} The table cannot answer. */
export async function answerOf(
  map: AddressMap,
  address: string,
  names: 'address' | 'nothing' = 'address',
): Promise<AddressMatch | undefined> {
  try {
    return await map.lookup(address)
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error
    throw lookupFailure(map.name, names === 'address' ? address : '', error.warnings)
  }
}
