import {
  addressesOf,
  formatAddressTokens,
  parseAddressList,
  splitAddress,
  unquoteAddress,
} from '@posthouse/mail-address'

import { type AddressKeys, type AddressMatch, lookupAddress } from './address-lookup.ts'
import { LookupTableError } from './errors.ts'
import { andThen, type Later } from './later.ts'
import type { TableList } from './table-list.ts'

/** How what is found for an address becomes addresses. */
export interface MappingRules {
  /** `propagate_unmatched_extensions` has the kind of map. */
  readonly propagate: boolean
  /** Completes an address in internal form. */
  readonly rewrite: (address: string) => string
}

/**
 * The addresses that stand in for one, once: canonical(5), virtual(5), generic(5). A result
 * `@domain` replaces the domain only.
 *
 * @param address In internal form.
 * @param match What was found for it.
 * @returns complete, in internal form; none if no address was found, but something else
 */
export function mappedAddresses(
  address: string,
  { value, unmatchedExtension = '' }: AddressMatch,
  { propagate, rewrite }: MappingRules,
): string[] {
  return addressesOf(parseAddressList(value)).map((tokens) => {
    if (tokens.length === 0) return ''
    const found = unquoteAddress(formatAddressTokens(tokens))
    return rewrite(resultFor(address, found, unmatchedExtension, propagate))
  })
}

/**
 * Looks an address up once, as `lookupAddress` does.
 *
 * @returns what `mappedAddresses` makes of the result, at least one address; undefined if nothing
 * was found. Later if a table that was asked answers later.
 * @throws {LookupTableError} `lookup-failed`, also if what was found is no address
 */
export function mapAddress(
  tables: TableList,
  address: string,
  keys: AddressKeys,
  rules: MappingRules,
): Later<readonly [string, ...string[]] | undefined> {
  return andThen(lookupAddress(tables, address, keys), (match) => {
    if (match === undefined) return undefined
    const [first, ...others] = mappedAddresses(address, match, rules)
    if (first !== undefined) return [first, ...others] as const
    const reason = `lookup of ${address} returns non-address result "${match.value}"`
    const warnings = [`${tables.name} ${reason}`]
    throw new LookupTableError('lookup-failed', {
      list: tables.name,
      item: address,
      reason,
      warnings,
    })
  })
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
