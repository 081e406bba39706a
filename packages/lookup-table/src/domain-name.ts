import { parentDomains, type SubdomainStyle } from './parent-domains.ts'

/** A name to look for, prepared once for all items of a list, if they need it. */
export class DomainName {
  readonly #name: string
  readonly #style: SubdomainStyle
  #folded: string | undefined
  #foldedParents: readonly string[] | undefined

  constructor(name: string, style: SubdomainStyle) {
    this.#name = name
    this.#style = style
  }

  get folded(): string {
    this.#folded ??= this.#name.toLowerCase()
    return this.#folded
  }

  get foldedParents(): readonly string[] {
    this.#foldedParents ??= parentDomains(this.folded, this.#style)
    return this.#foldedParents
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

  has(name: DomainName): boolean {
    if (this.#names.has(name.folded)) return true
    for (const parent of name.foldedParents) if (this.#names.has(parent)) return true
    return false
  }
}
