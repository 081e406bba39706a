import { type AddressMatch, type Later, LookupTableError } from '@posthouse/lookup-table'
import {
  addressesOf,
  formatAddressTokens,
  parseAddressList,
  splitAddress,
  unquoteAddress,
} from '@posthouse/mail-address'

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

/** How results become addresses. */
export interface ResultRules {
  /** `propagate_unmatched_extensions` has the kind of map. */
  readonly propagate: boolean
  /** Completes an address in internal form. */
  readonly rewrite: (address: string) => string
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
  { propagate, rewrite }: ResultRules,
): Promise<[string, ...string[]] | undefined> {
  const match = await answerOf(map, address)
  if (match === undefined) return undefined
  const [first, ...others] = addressesOf(parseAddressList(match.value)).map((tokens) => {
    if (tokens.length === 0) return ''
    const found = unquoteAddress(formatAddressTokens(tokens))
    return rewrite(resultFor(address, found, match.unmatchedExtension ?? '', propagate))
  })
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

/** `@domain` replaces the domain; the extension comes behind the local part, or goes. */
function resultFor(address: string, found: string, unmatched: string, propagate: boolean): string {
  const extension = propagate ? unmatched : ''
  const { localPart, domain } = splitAddress(found)
  if (localPart === '' && domain) {
    const whole = splitAddress(address).localPart
    return `${whole.slice(0, whole.length - unmatched.length)}${extension}@${domain}`
  }
  return domain === undefined ? found + extension : `${localPart}${extension}@${domain}`
}
