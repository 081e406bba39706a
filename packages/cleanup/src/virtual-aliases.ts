import type { MappingRules } from '@posthouse/lookup-table'

import { type AddressMap, mapOnce } from './address-map.ts'
import { unreasonable } from './errors.ts'

// As much of an address that is too long gets into the log.
const SHOWN_CHARACTERS = 300

/** `virtual_alias_maps` and its limits. */
export interface VirtualAliases {
  readonly map: AddressMap
  /** `virtual_alias_recursion_limit`: lookups for one address of the expansion. */
  readonly recursionLimit: number
  /** `virtual_alias_expansion_limit`: addresses that one recipient becomes. */
  readonly expansionLimit: number
  /** `virtual_alias_address_length_limit`, characters. */
  readonly addressLengthLimit: number
}

interface Expanded {
  readonly address: string
  /** What it was found for: an address that stands for itself, too, is not looked up again. */
  readonly from: string | undefined
}

/**
 * The addresses that a recipient stands for, in Postfix's order: the first that is found takes the
 * place, others go to the end. Duplicates included.
 *
 * @throws {RefusalError} The table cannot answer, or a limit is exceeded.
 */
export async function expandAliases(
  recipient: string,
  aliases: VirtualAliases,
  rules: MappingRules,
): Promise<string[]> {
  const { map, recursionLimit, expansionLimit } = aliases
  const expansion: Expanded[] = [{ address: recipient, from: undefined }]
  for (let at = 0; at < expansion.length; at++) {
    for (let lookups = 0; ; lookups++) {
      const { address, from } = expansion[at]!
      if (address.toLowerCase() === from) break
      if (lookups >= recursionLimit) throw unreasonable(`${map.name} map nesting for ${recipient}`)
      const found = await mapOnce(map, address, rules)
      if (found === undefined) break
      checkLengths(found, aliases)
      const [first, ...others] = found.map((one) => ({ address: one, from: address.toLowerCase() }))
      expansion[at] = first!
      for (const other of others) expansion.push(other)
      if (expansion.length > expansionLimit) {
        throw unreasonable(`${map.name} map expansion size for ${recipient}`)
      }
    }
  }
  return expansion.map(({ address }) => address)
}

function checkLengths(
  addresses: readonly string[],
  { map, addressLengthLimit }: VirtualAliases,
): void {
  const tooLong = addresses.find((address) => address.length > addressLengthLimit)
  if (tooLong === undefined) return
  throw unreasonable(`${map.name} result ${tooLong.slice(0, SHOWN_CHARACTERS)}...`)
}
