import type { ResolvConf } from './resolv-conf.ts'

/** Where else a name is looked for: the flags of resolver(3). */
export interface SearchOptions {
  /** `RES_DEFNAMES`: a name without dot is looked for in the first domain of the search list. */
  readonly defaultDomain: boolean
  /** `RES_DNSRCH`: a name with dots is looked for in the search list; with both, any name. */
  readonly searchList: boolean
}

/** The names to ask for, one after the other until one exists (resolv.conf(5)). */
export function searchNames(
  name: string,
  { search, ndots }: ResolvConf,
  { defaultDomain, searchList }: SearchOptions,
): string[] {
  const dots = name.split('.').length - 1
  const isSearched = dots === 0 ? defaultDomain : searchList
  const domains = isSearched ? search.slice(0, searchList ? search.length : 1) : []
  const longer = domains.map((domain) => (domain === '' ? name : `${name}.${domain}`))
  return [...new Set(dots >= ndots ? [name, ...longer] : [...longer, name])]
}

/** Whether a name fits into a message (RFC 1035 2.3.4). */
export function isEncodable(name: string): boolean {
  if (name === '.') return true
  const labels = name.replace(/\.$/, '').split('.')
  const lengths = labels.map((label) => Buffer.byteLength(label))
  const fits = lengths.every((length) => length > 0 && length <= 63)
  return fits && lengths.reduce((sum, length) => sum + length + 1, 1) <= 255
}
