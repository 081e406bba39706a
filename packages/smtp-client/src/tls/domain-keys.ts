import type { TlsTable } from './tls-options.ts'

const DOMAIN = /^[^[\]:]+$/
// A literal IPv6 address has colons, so only an IPv4 address could be taken for a name.
const ADDRESS = /^[\d.]+$/

/** The keys of a destination: itself, and, if it is a plain domain, its parents (C-134, C-159). */
export function domainKeys(destination: string): string[] {
  const keys = [destination]
  if (!DOMAIN.test(destination) || ADDRESS.test(destination)) return keys
  for (let at = destination.indexOf('.', 1); at >= 0; at = destination.indexOf('.', at + 1)) {
    keys.push(destination.slice(at))
  }
  return keys
}

/** The value of the first key that the table has. @throws what the table throws, or a rejection */
export function findKey(
  table: TlsTable,
  keys: readonly string[],
): string | undefined | Promise<string | undefined> {
  for (const [at, key] of keys.entries()) {
    const value = table(key)
    if (value instanceof Promise) {
      return value.then((late) => late ?? findKey(table, keys.slice(at + 1)))
    }
    if (value !== undefined) return value
  }
  return undefined
}
