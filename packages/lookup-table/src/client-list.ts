import { DomainName, NameSet } from './domain-name.ts'
import { LookupTableError } from './errors.ts'
import { type IpAddress, parseIpAddress } from './ip-address.ts'
import {
  type ListProblem,
  type LiteralItem,
  type MatchListOptions,
  parseMatchList,
  tablesOf,
} from './match-list.ts'
import { isInNetwork, type Network, parseNetworkPattern } from './network-pattern.ts'
import type { SubdomainStyle } from './parent-domains.ts'
import { brokenRule, firstHit, type Rule, tableRule } from './rule.ts'
import type { LookupTable } from './table.ts'

/** What a `ClientList` needs besides its text. */
export interface ClientListOptions extends MatchListOptions {
  /** Which subdomains of an item match: `parent` if `parent_domain_matches_subdomains` says so. */
  readonly subdomains: Exclude<SubdomainStyle, 'none'>
}

/**
 * A list of hosts by name, address and network, such as `qmqpd_authorized_clients`, `mynetworks`
 * and `debug_peer_list`. Each item is tried on the name first, then on the address.
 *
 * Source: G-65 to G-68, Q-308 to.
 */
export class ClientList {
  /** What to log once, at the start. */
  readonly problems: readonly ListProblem[]
  readonly #tables: readonly LookupTable[]
  readonly #rules: readonly Rule<Client>[]
  readonly #subdomains: SubdomainStyle

  /** Reads the files and opens the tables of the list. @throws {LookupTableError} `no-pattern` */
  constructor(text: string, options: ClientListOptions) {
    const list = parseMatchList(text, options)
    this.problems = list.problems
    this.#tables = tablesOf(list)
    this.#subdomains = options.subdomains
    const rules: Rule<Client>[] = []
    for (const item of list.items) {
      if (item.kind === 'table') rules.push(tableRule(item, options.name, keysOf))
      else if (item.kind === 'broken') rules.push(brokenRule(item))
      else addLiteral(rules, item, options.name)
    }
    this.#rules = rules
  }

  /**
   * Whether the list has the client. A boolean unless a table that was asked answers later.
   *
   * @param name The verified host name, or `unknown`; empty to match by address only.
   * @param address IP address without brackets and zone; an IPv4-mapped IPv6 address is IPv6 here
   * (Q-311 makes it IPv4 before).
   * @throws {LookupTableError} at once, or as a rejection, when evaluation reaches an item that
   * cannot be evaluated. A server must then turn the client away.
   */
  matches(name: string, address: string): boolean | Promise<boolean> {
    return firstHit(this.#rules, new Client(new DomainName(name, this.#subdomains), address))
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

class Client {
  readonly name: DomainName
  readonly address: string
  #words: IpAddress | undefined

  constructor(name: DomainName, address: string) {
    this.name = name
    this.address = address
  }

  /** Empty if the address is none. */
  get words(): IpAddress {
    this.#words ??= parseIpAddress(this.address) ?? []
    return this.#words
  }
}

function keysOf({ name, address }: Client, kind: 'fixed' | 'pattern'): string[] {
  return address === '' ? name.keys(kind) : [...name.keys(kind), address]
}

function addLiteral(rules: Rule<Client>[], item: LiteralItem, list: string): void {
  const literals = literalsRuleAtEnd(rules, item.negated)
  literals.addText(item.text)
  const pattern = parseNetworkPattern(item.text)
  if (pattern?.kind === 'network') literals.addNetwork(pattern.network)
  if (pattern?.kind === 'bad') rules.push(new BadPatternRule(item, pattern.reason, list))
}

/** Literals that follow each other and have one sign: which of them hits makes no difference. */
class LiteralsRule implements Rule<Client> {
  readonly negated: boolean
  readonly #names = new NameSet()
  readonly #addresses = new Set<string>()
  readonly #networks: Network[] = []

  constructor(negated: boolean) {
    this.negated = negated
  }

  addText(text: string): void {
    this.#names.add(text)
    this.#addresses.add(/^\[(.*)\]$/s.exec(text)?.[1] ?? text)
  }

  addNetwork(network: Network): void {
    this.#networks.push(network)
  }

  hits(client: Client): boolean {
    if (this.#names.has(client.name)) return true
    if (client.address === '') return false
    if (this.#addresses.has(client.address)) return true
    // Not `some`: this runs for every connection, and the list of networks may be long.
    for (const network of this.#networks) if (isInNetwork(client.words, network)) return true
    return false
  }
}

/** A wrong network fails only for clients of its own family, as in Postfix. */
class BadPatternRule implements Rule<Client> {
  readonly negated: boolean
  readonly #isIpv6: boolean
  readonly #error: LookupTableError

  constructor({ negated, text }: LiteralItem, reason: string, list: string) {
    this.negated = negated
    this.#isIpv6 = text.includes(':')
    this.#error = new LookupTableError('bad-pattern', { list, item: text, reason })
  }

  hits({ address }: Client): boolean {
    if (address !== '' && address.includes(':') === this.#isIpv6) throw this.#error
    return false
  }
}

function literalsRuleAtEnd(rules: Rule<Client>[], negated: boolean): LiteralsRule {
  const last = rules.at(-1)
  if (last instanceof LiteralsRule && last.negated === negated) return last
  const rule = new LiteralsRule(negated)
  rules.push(rule)
  return rule
}
