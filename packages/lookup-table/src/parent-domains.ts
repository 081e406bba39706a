// RFC 1035 2.3.4. A longer text is not a domain name, and parents of a text from a peer must not
// cost more than its length.
const MAX_DOMAIN_LENGTH = 255

/**
 * How a list treats subdomains. `parent`: an item `example.net` matches also what is below it
 * (the list is in `parent_domain_matches_subdomains`). `dot`: only `.example.net` does. `none`:
 * neither, as in `mydestination`.
 */
export type SubdomainStyle = 'parent' | 'dot' | 'none'

/**
 * The texts above a domain that an item may name, nearest first: for `a.example.net` in `parent`
 * style `example.net`, `net`; in `dot` style `.example.net`, `.net` (G-55, Q-309). At most 255
 * characters each.
 */
export function parentDomains(domain: string, style: SubdomainStyle): string[] {
  if (style === 'none') return []
  const skip = style === 'parent' ? 1 : 0
  const parents: string[] = []
  let dot = domain.indexOf('.', Math.max(1 - skip, domain.length - MAX_DOMAIN_LENGTH - skip))
  while (dot >= 0 && dot + skip < domain.length) {
    parents.push(domain.slice(dot + skip))
    dot = domain.indexOf('.', dot + 1)
  }
  return parents
}
