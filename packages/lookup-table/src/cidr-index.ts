import type { IpAddress } from './ip-address.ts'
import { isInNetwork, type Network } from './network-pattern.ts'
import type { RuleItem } from './rule-blocks.ts'

/** A network, or with `negated` all addresses of its family outside of it. */
export interface CidrCondition {
  readonly network: Network
  readonly negated: boolean
}

/** A condition and its result. */
export interface CidrRule extends CidrCondition {
  readonly result: string
}

/** What a cidr table is made of. */
export type CidrItem = RuleItem<CidrRule, CidrCondition>

/** A rule that must be looked at: its number, and its result for an address that it applies to. */
interface SpecialItem {
  readonly position: number
  readonly condition: CidrCondition
  readonly find: (address: IpAddress) => string | undefined
}

/** The networks of one family and one length, by their words. */
interface NetworkGroup {
  readonly masks: readonly number[]
  readonly rules: Map<string | number, { readonly position: number; readonly result: string }>
}

/** The rules of a cidr table, in which the first that matches an address is found quickly. */
export class CidrIndex {
  readonly #groups = new Map<string, NetworkGroup>()
  readonly #special: SpecialItem[] = []

  constructor(items: readonly CidrItem[]) {
    items.forEach((item, position) => {
      if (item.kind === 'block') {
        const inner = new CidrIndex(item.items)
        const { condition } = item
        this.#special.push({ position, condition, find: (address) => inner.find(address) })
      } else if (item.rule.negated) {
        const { rule } = item
        this.#special.push({ position, condition: rule, find: () => rule.result })
      } else {
        this.#addNetwork(item.rule, position)
      }
    })
  }

  /** The result of the first rule that applies. */
  find(address: IpAddress): string | undefined {
    const plain = this.#findNetwork(address)
    for (const { position, condition, find } of this.#special) {
      if (plain !== undefined && position > plain.position) break
      const result = meets(address, condition) ? find(address) : undefined
      if (result !== undefined) return result
    }
    return plain?.result
  }

  #addNetwork({ network, result }: CidrRule, position: number): void {
    const { words, masks } = network
    const length = masks.join()
    let group = this.#groups.get(length)
    if (group === undefined) {
      group = { masks, rules: new Map() }
      this.#groups.set(length, group)
    }
    const key = words.length === 1 ? words[0]! : words.join()
    if (!group.rules.has(key)) group.rules.set(key, { position, result })
  }

  #findNetwork(address: IpAddress): { position: number; result: string } | undefined {
    let first: { position: number; result: string } | undefined
    for (const { masks, rules } of this.#groups.values()) {
      if (masks.length !== address.length) continue
      const rule = rules.get(maskedKey(address, masks))
      if (rule !== undefined && (first === undefined || rule.position < first.position)) {
        first = rule
      }
    }
    return first
  }
}

function meets(address: IpAddress, { network, negated }: CidrCondition): boolean {
  // A condition says nothing about addresses of the other family, not even when negated.
  return address.length === network.words.length && isInNetwork(address, network) !== negated
}

function maskedKey(address: IpAddress, masks: readonly number[]): string | number {
  if (address.length === 1) return (address[0]! & masks[0]!) >>> 0
  return address.map((word, at) => (word & masks[at]!) >>> 0).join()
}
