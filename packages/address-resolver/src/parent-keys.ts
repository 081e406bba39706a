/** `a.b.c`, `b.c`, `c`. */
export function parentKeys(domain: string): string[] {
  return [domain, ...parents(domain)]
}

/** `a.b.c`, `.b.c`, `.c`. */
export function dottedKeys(domain: string): string[] {
  return [domain, ...parents(domain).map((parent) => `.${parent}`)]
}

function parents(domain: string): string[] {
  if (domain.startsWith('[')) return [] // The dots of an address literal are not of that kind.
  const found: string[] = []
  for (let dot = domain.indexOf('.', 1); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    found.push(domain.slice(dot + 1))
  }
  return found
}
