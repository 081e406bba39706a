import { DomainName, NameSet } from './domain-name.ts'
import { type ListProblem, type MatchListOptions, parseMatchList, tablesOf } from './match-list.ts'
import type { SubdomainStyle } from './parent-domains.ts'
import { brokenRule, firstHit, type Rule, tableRule } from './rule.ts'
import type { LookupTable } from './table.ts'

/** What a `DomainList` needs besides its text. */
export interface DomainListOptions extends MatchListOptions {
  /** Which subdomains of an item match. */
  readonly subdomains: SubdomainStyle
}

/**
 * A list of domains or other names, such as `relay_domains` (`parent` or `dot`) or, with
 * `subdomains: 'none'`, `mydestination` and `smtp_connection_cache_destinations`. Addresses and
 * networks have no special meaning in it. Literals are compared without regard to case; neighbours
 * of one sign cost one set look-up, however many they are.
 *
 * Source: G-65 to G-67, G-143.
 */
export class DomainList {
  /** What to log once, at the start. */
  readonly problems: readonly ListProblem[]
  readonly #tables: readonly LookupTable[]
  readonly #rules: readonly Rule<DomainName>[]
  readonly #subdomains: SubdomainStyle

  /** Reads the files and opens the tables of the list. @throws {LookupTableError} `no-pattern` */
  constructor(text: string, options: DomainListOptions) {
    const list = parseMatchList(text, options)
    this.problems = list.problems
    this.#tables = tablesOf(list)
    this.#subdomains = options.subdomains
    const rules: Rule<DomainName>[] = []
    for (const item of list.items) {
      if (item.kind === 'table') {
        rules.push(tableRule(item, options.name, (domain: DomainName, kind) => domain.keys(kind)))
      } else if (item.kind === 'broken') {
        rules.push(brokenRule(item))
      } else {
        namesRuleAtEnd(rules, item.negated).names.add(item.text)
      }
    }
    this.#rules = rules
  }

  /**
   * Whether the list has the domain. A boolean unless a table that was asked answers later.
   *
   * @throws {LookupTableError} at once, or as a rejection, when evaluation reaches an item that
   * cannot be evaluated.
   */
  matches(domain: string): boolean | Promise<boolean> {
    return firstHit(this.#rules, new DomainName(domain, this.#subdomains))
  }

  /** Whether a file of a table in it has changed or is gone (G-52): make a new list. */
  hasChanged(): boolean {
    return this.#tables.some((table) => table.hasChanged?.() ?? false)
  }

  /** Gives back connections and files of its tables. Lookups in them fail then. */
  close(): void {
    for (const table of this.#tables) table.close?.()
  }
}

/** Literals that follow each other and have one sign: which of them hits makes no difference. */
class NamesRule implements Rule<DomainName> {
  readonly negated: boolean
  readonly names: NameSet = new NameSet()

  constructor(negated: boolean) {
    this.negated = negated
  }

  hits(domain: DomainName): boolean {
    return this.names.has(domain)
  }
}

function namesRuleAtEnd(rules: Rule<DomainName>[], negated: boolean): NamesRule {
  const last = rules.at(-1)
  if (last instanceof NamesRule && last.negated === negated) return last
  const rule = new NamesRule(negated)
  rules.push(rule)
  return rule
}
