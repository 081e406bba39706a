import type { Later } from '@posthouse/lookup-table'
import { splitAddress } from '@posthouse/mail-address'

/** Hides the names of hosts below a domain: postconf(5) on `masquerade_domains`. */
export interface Masquerade {
  /** `masquerade_domains`: the first that fits decides; with `!` in front nothing is done. */
  readonly domains: readonly string[]
  /**
   * `masquerade_exceptions`: whether a local part is left alone.
   *
   * @throws {LookupTableError} at once or as a rejection: it cannot be told now.
   */
  readonly isException: (localPart: string) => Later<boolean>
}

/** The address with the domain that hides its own, if one does. */
export function masqueraded(address: string, domains: readonly string[]): string {
  const { localPart, domain } = splitAddress(address)
  if (domain === undefined) return address
  const name = domain.toLowerCase()
  for (const entry of domains) {
    const pattern = entry.replace(/^!+/, '')
    const parent = pattern.toLowerCase()
    if (name !== parent && !name.endsWith(`.${parent}`)) continue
    const isNegated = (entry.length - pattern.length) % 2 === 1
    return isNegated || name === parent ? address : `${localPart}@${parent}`
  }
  return address
}
