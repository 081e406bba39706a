import { type Later, LookupTableError, type MappingRules } from '@posthouse/lookup-table'

import { type AddressMap, answerOf, mapOnce } from './address-map.ts'
import { lookupFailure, nestingWarning } from './errors.ts'
import { type Masquerade, masqueraded } from './masquerade.ts'
import { expandAliases, type VirtualAliases } from './virtual-aliases.ts'

const CANONICAL_ROUNDS = 10

/** Where an address is, and whose: the words of `canonical_classes` and `masquerade_classes`. */
export type AddressClass =
  | 'envelope_sender'
  | 'envelope_recipient'
  | 'header_sender'
  | 'header_recipient'

/** A canonical map and the addresses that it is for. */
export interface CanonicalMap {
  readonly map: AddressMap
  /** Words of `AddressClass`. */
  readonly classes: readonly string[]
}

/** How addresses are mapped; what is absent is not set. Parameters are quoted. */
export interface AddressMappingOptions {
  /** `sender_canonical_maps` or `recipient_canonical_maps`, then `canonical_maps`. */
  readonly canonical: readonly CanonicalMap[]
  /** `propagate_unmatched_extensions` has `canonical`. */
  readonly propagateCanonical: boolean
  readonly masquerade?: Masquerade & {
    /** `masquerade_classes`. */
    readonly classes: readonly string[]
  }
  readonly virtualAliases?: VirtualAliases
  /** `propagate_unmatched_extensions` has `virtual`. */
  readonly propagateVirtual: boolean
  /** `sender_bcc_maps`. */
  readonly senderBcc?: AddressMap
  /** `recipient_bcc_maps`. */
  readonly recipientBcc?: AddressMap
}

/** Takes a warning about one message. */
export type Warn = (text: string) => void

/** Maps the addresses of messages, each in internal form and complete. */
export class AddressMapping {
  readonly #options: AddressMappingOptions
  readonly #canonical: MappingRules
  readonly #virtual: MappingRules
  readonly #rewrite: (address: string) => string

  constructor(options: AddressMappingOptions, rewrite: (address: string) => string) {
    this.#options = options
    this.#rewrite = rewrite
    this.#canonical = { propagate: options.propagateCanonical, rewrite }
    this.#virtual = { propagate: options.propagateVirtual, rewrite }
  }

  /** Whether addresses of the class may change in `map`. */
  isFor(where: AddressClass): boolean {
    const { canonical, masquerade } = this.#options
    return (
      canonical.some(({ classes }) => classes.includes(where)) ||
      masquerade?.classes.includes(where) === true
    )
  }

  /** Canonical maps, then masquerading. @throws {RefusalError} */
  async map(address: string, where: AddressClass, warn: Warn): Promise<string> {
    let mapped = address
    for (const { map, classes } of this.#options.canonical) {
      if (classes.includes(where)) mapped = await this.#canonicalOf(mapped, map, warn)
    }
    return this.#masqueradedOf(mapped, where)
  }

  /** Virtual aliases. @throws {RefusalError} */
  expand(recipient: string): Later<readonly string[]> {
    const { virtualAliases } = this.#options
    if (virtualAliases === undefined) return [recipient]
    return expandAliases(recipient, virtualAliases, this.#virtual)
  }

  /** The automatic copy for a sender or a recipient. @throws {RefusalError} */
  async bccFor(
    address: string,
    whose: 'sender' | 'recipient',
    warn: Warn,
  ): Promise<Bcc | undefined> {
    const { senderBcc, recipientBcc } = this.#options
    const map = whose === 'sender' ? senderBcc : recipientBcc
    const match = map === undefined ? undefined : await answerOf(map, address, 'nothing')
    return match === undefined ? undefined : this.bcc(match.value, warn)
  }

  /** An automatic copy, mapped as recipients are. @throws {RefusalError} */
  async bcc(value: string, warn: Warn): Promise<Bcc> {
    const original = await this.map(this.#rewrite(value), 'envelope_recipient', warn)
    return { original, addresses: await this.expand(original) }
  }

  async #canonicalOf(address: string, map: AddressMap, warn: Warn): Promise<string> {
    let mapped = address
    for (let round = 0; round < CANONICAL_ROUNDS; round++) {
      const found = await mapOnce(map, mapped, this.#canonical)
      if (found === undefined) return mapped
      if (found.length > 1) warn(`multi-valued ${map.name} entry for ${mapped}`)
      if (found[0] === mapped) return mapped
      mapped = found[0]
    }
    warn(nestingWarning(map.name, mapped))
    return mapped
  }

  async #masqueradedOf(address: string, where: AddressClass): Promise<string> {
    const { masquerade } = this.#options
    if (masquerade === undefined || !masquerade.classes.includes(where)) return address
    const at = address.lastIndexOf('@')
    if (at < 0) return address
    try {
      if (await masquerade.isException(address.slice(0, at))) return address
    } catch (error) {
      if (!(error instanceof LookupTableError)) throw error
      throw lookupFailure('masquerade_exceptions', '', error.warnings)
    }
    return masqueraded(address, masquerade.domains)
  }
}

/** An automatic copy. */
export interface Bcc {
  /** Before aliases. */
  readonly original: string
  readonly addresses: readonly string[]
}
