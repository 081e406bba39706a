import { parentDomains, type SubdomainStyle } from './parent-domains.ts'

/** A name to look for, prepared once for all items of a list. */
export class DomainName {
  readonly folded: string
  readonly foldedParents: readonly string[]
  readonly #name: string
  readonly #style: SubdomainStyle

  constructor(name: string, style: SubdomainStyle) {
    this.#name = name
    this.#style = style
    this.folded = name.toLowerCase()
    this.foldedParents = parentDomains(this.folded, style)
  }

  /** What to ask a table for, as it came: the tables that fold letter case do it alone (G-53). */
  keys(kind: 'fixed' | 'pattern'): string[] {
    if (this.#name === '') return []
    if (kind === 'pattern') return [this.#name]
    return [this.#name, ...parentDomains(this.#name, this.#style)]
  }
}

/** Literal items as names. */
export class NameSet {
  readonly #names = new Set<string>()

  /** @param name In lower case. */
  add(name: string): void {
    this.#names.add(name)
  }

  has({ folded, foldedParents }: DomainName): boolean {
    if (this.#names.has(folded)) return true
    for (const parent of foldedParents) if (this.#names.has(parent)) return true
    return false
  }
}
