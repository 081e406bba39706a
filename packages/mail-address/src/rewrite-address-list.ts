import { addressesOf, parseAddressList } from './address-list.ts'
import { addressText, formatAddressList } from './address-list-text.ts'
import { quoteHeaderAddress, unquoteAddress } from './address-quoting.ts'

/** How a list of addresses is read and written. */
export interface AddressListRules {
  /** `header_address_token_limit`: what is behind is lost, if the list changes. */
  readonly maxTokens?: number
  /** Told how an item begins that has more than 250 octets beside its address: they go. */
  readonly tooMuch: (start: string) => void
}

/** A value now, or later if somebody who was asked answers later. */
type Later<T> = T | Promise<T>

/**
 * Changes the addresses in the value of a header, which is written anew then: one blank
 * between words and items, lines of fewer than 70 octets where that is possible.
 *
 * @param name The header's, with its colon.
 * @param value What is behind it.
 * @param change Given all addresses of the list in external form, quotes as they were, gives what
 * is to stand there instead; undefined: the header is to stay as it is.
 * @returns the new header with its name, later if `change` answers later; undefined if it stays
 */
export function rewriteAddressList(
  name: string,
  value: string,
  { maxTokens, tooMuch }: AddressListRules,
  change: (addresses: readonly string[]) => Later<readonly string[] | undefined>,
): Later<string | undefined> {
  const pieces = parseAddressList(value, maxTokens)
  const changed = change(addressesOf(pieces).map(addressText))
  const format = (addresses: readonly string[] | undefined): string | undefined =>
    addresses && formatAddressList(name, pieces, addresses, tooMuch)
  return changed instanceof Promise ? changed.then(format) : format(changed)
}

/**
 * Maps addresses in external form, each by its internal form; the empty one is not asked for.
 *
 * @param map Gives the new address in internal form; undefined: the address stays as it is.
 */
export async function mapExternalAddresses(
  addresses: readonly string[],
  map: (internal: string) => Later<string | undefined>,
): Promise<string[]> {
  const mapped: string[] = []
  for (const address of addresses) {
    const internal = unquoteAddress(address)
    const result = internal === '' ? undefined : await map(internal)
    mapped.push(result === undefined ? address : quoteHeaderAddress(result))
  }
  return mapped
}
