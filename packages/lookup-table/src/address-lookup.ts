import { quoteHeaderAddress, splitAddress } from '@posthouse/mail-address'

import { type ExtensionRules, splitExtension } from './address-extension.ts'
import { andThen, type Later } from './later.ts'
import { parentDomains, type SubdomainStyle } from './parent-domains.ts'
import type { TableList, TableScope } from './table-list.ts'

/** Which keys an address stands for, by the use that its tables have (the columns of G-55). */
export type AddressKeys =
  | {
      /** canonical(5), virtual(5), relocated(5), generic(5), and tables of senders. */
      readonly style: 'canonical'
      readonly extensions: ExtensionRules
      /**
       * Whether the domain is `$myorigin`, in `mydestination` or an own `[address]`: then the
       * local part alone is a key. Asked only when it comes to that.
       */
      readonly isLocalDomain: (domain: string) => Later<boolean>
    }
  | {
      /** transport(5), where `*` comes last and any table may have it; access(5). */
      readonly style: 'transport' | 'access'
      readonly extensions: ExtensionRules
      /** `parent` if `parent_domain_matches_subdomains` has the parameter, else `dot`. */
      readonly subdomains: Exclude<SubdomainStyle, 'none'>
    }

/** What was found for an address. */
export interface AddressMatch {
  readonly value: string
  /**
   * The extension with its delimiter, such as `+list`, that was not part of the key that was
   * found; undefined when there is none. See `propagate_unmatched_extensions`.
   */
  readonly unmatchedExtension: string | undefined
}

interface AddressKey {
  /** In internal form. */
  readonly key: string
  /** Asked for first, if there is a local part in the key to quote. */
  readonly quoted: string
  readonly unmatchedExtension: string | undefined
}

// In transport(5).
const WILDCARD = '*'

/**
 * Looks an address up under all the keys it stands for, in the order of G-55. Tables of patterns
 * are asked for the whole address only, and for the `*` of transport(5). A key with a local part is
 * asked for in quoted form first, then, if that is different, as it is.
 *
 * Gives a promise only if a table that was asked does, or `isLocalDomain`.
 *
 * @param address In internal form, without `<>`. The empty address is not found.
 * @throws {LookupTableError} `lookup-failed`, as `TableList.lookup`; what `isLocalDomain` throws
 */
export function lookupAddress(
  tables: TableList,
  address: string,
  keys: AddressKeys,
): Later<AddressMatch | undefined> {
  if (address === '' || !tables.has('all')) return undefined
  const whole = lookupKeys(tables, [keyWithLocalPart(address, undefined)], 'all')
  const found = andThen(whole, (match) => {
    if (match !== undefined || !tables.has('fixed')) return match
    return lookupDerivedKeys(tables, address, keys)
  })
  if (keys.style !== 'transport') return found
  return andThen(
    found,
    (match) => match ?? lookupKeys(tables, [domainKey(WILDCARD, undefined)], 'all'),
  )
}

function lookupDerivedKeys(
  tables: TableList,
  address: string,
  keys: AddressKeys,
): Later<AddressMatch | undefined> {
  const parts = partsOf(address, keys.extensions)
  const { domain, base, extension } = parts
  const local = localPartKeys(parts)
  const withoutExtension =
    extension === undefined ? [] : [keyWithLocalPart(joinParts(base, domain), extension)]
  if (keys.style !== 'canonical') {
    const domains = domain === undefined ? [] : [domain, ...parentDomains(domain, keys.subdomains)]
    const domainKeys = domains.map((each) => domainKey(each, extension))
    const userKeys = local.map((each) => keyWithLocalPart(`${each.key}@`, each.unmatchedExtension))
    const access = keys.style === 'access' ? userKeys : []
    return lookupKeys(tables, [...withoutExtension, ...domainKeys, ...access], 'fixed')
  }
  if (domain === undefined) return lookupKeys(tables, withoutExtension, 'fixed')
  // An extension is not missing in what stands for all local parts: Postfix does not add it.
  const catchAll = [domainKey(`@${domain}`, undefined)]
  return andThen(lookupKeys(tables, withoutExtension, 'fixed'), (match) => {
    if (match !== undefined) return match
    return andThen(keys.isLocalDomain(domain), (isLocal) =>
      lookupKeys(tables, isLocal ? [...local, ...catchAll] : catchAll, 'fixed'),
    )
  })
}

interface AddressParts {
  readonly localPart: string
  readonly domain: string | undefined
  /** The local part without the extension. */
  readonly base: string
  readonly extension: string | undefined
}

function partsOf(address: string, rules: ExtensionRules): AddressParts {
  const { localPart, domain } = splitAddress(address)
  return { localPart, domain, ...splitExtension(localPart, rules) }
}

function localPartKeys({ localPart, base, extension }: AddressParts): AddressKey[] {
  if (localPart === '') return []
  const whole = localPartKey(localPart, undefined)
  return extension === undefined ? [whole] : [whole, localPartKey(base, extension)]
}

function keyWithLocalPart(key: string, unmatchedExtension: string | undefined): AddressKey {
  return { key, quoted: quoteHeaderAddress(key), unmatchedExtension }
}

function localPartKey(key: string, unmatchedExtension: string | undefined): AddressKey {
  // An `@` in it does not make the rest a domain.
  return { key, quoted: quoteHeaderAddress(`${key}@`).slice(0, -1), unmatchedExtension }
}

function domainKey(key: string, unmatchedExtension: string | undefined): AddressKey {
  return { key, quoted: key, unmatchedExtension }
}

function joinParts(localPart: string, domain: string | undefined): string {
  return domain === undefined ? localPart : `${localPart}@${domain}`
}

/** The first key that is found. */
function lookupKeys(
  tables: TableList,
  keys: readonly AddressKey[],
  scope: TableScope,
  from = 0,
): Later<AddressMatch | undefined> {
  for (let at = from; at < keys.length; at++) {
    const { unmatchedExtension } = keys[at]!
    const value = lookupKey(tables, keys[at]!, scope)
    if (typeof value === 'object') {
      return andThen(value, (late) =>
        late === undefined
          ? lookupKeys(tables, keys, scope, at + 1)
          : { value: late, unmatchedExtension },
      )
    }
    if (value !== undefined) return { value, unmatchedExtension }
  }
  return undefined
}

function lookupKey(
  tables: TableList,
  { key, quoted }: AddressKey,
  scope: TableScope,
): Later<string | undefined> {
  if (quoted === key) return tables.lookup(key, scope)
  return andThen(tables.lookup(quoted, scope), (value) => value ?? tables.lookup(key, scope))
}
