import { encodeAddress, isAscii } from './address-bytes.ts'
import type { AddressPiece } from './address-list.ts'
import { type AddressToken, formatAddressTokens, joinAddressTokens } from './address-tokens.ts'

// a line of this many octets is too long, its TAB not counted.
const LINE_LENGTH = 70
const MOST_OTHER_OCTETS = 250
const SHOWN_CHARACTERS = 100

/** A piece as it is written, and whether a name, an address or a comment is next to it. */
interface Written {
  readonly text: string
  readonly isOperator: boolean
  readonly isAddress: boolean
}

/** An address of a list in external form, quotes as they were: to be completed, or compared. */
export function addressText(tokens: readonly AddressToken[]): string {
  let text = ''
  let previous: AddressToken | undefined
  for (const token of tokens) {
    const isBlank = previous !== undefined && needsBlank(previous, token)
    text += (isBlank ? ' ' : '') + tokenText(token)
    previous = token
  }
  return text
}

/**
 * Writes a list of addresses as Q-523 has it: a comma and one blank between items, or a line end
 * where the line would become too long.
 *
 * @param name The header's, with its colon.
 * @param addresses For each piece that is an address, in order, in external form.
 * @param tooMuch Told of an item with more than 250 octets beside its address: they go.
 */
export function formatAddressList(
  name: string,
  pieces: readonly AddressPiece[],
  addresses: readonly string[],
  tooMuch: (start: string) => void,
): string {
  let text = ''
  let line = octets(name)
  const items = itemsOf(pieces, addresses).map((item) => itemText(item, tooMuch))
  for (const [index, item] of items.entries()) {
    const shown = index < items.length - 1 ? `${item},` : item
    const length = octets(shown)
    const isTooLong = index > 0 && line + 1 + length >= LINE_LENGTH
    text += isTooLong ? `\n\t${shown}` : ` ${shown}`
    line = isTooLong ? length : line + 1 + length
  }
  return name + text
}

function itemsOf(pieces: readonly AddressPiece[], addresses: readonly string[]): Written[][] {
  const items: Written[][] = [[]]
  let next = 0
  for (const piece of pieces) {
    if (piece.kind === 'address') {
      const text = addresses[next++]!
      if (text !== '') items.at(-1)!.push({ text, isOperator: false, isAddress: true })
    } else if (piece.kind === 'group-colon') {
      items.at(-1)!.push({ text: ': ', isOperator: true, isAddress: false })
    } else if (piece.token.kind === 'operator' && piece.token.text === ',') items.push([])
    else {
      const isOperator = piece.token.kind === 'operator'
      items.at(-1)!.push({ text: tokenText(piece.token), isOperator, isAddress: false })
    }
  }
  return items
}

function itemText(item: readonly Written[], tooMuch: (start: string) => void): string {
  let text = ''
  let previous: Written | undefined
  for (const written of item) {
    const isWords = previous !== undefined && !previous.isOperator && !written.isOperator
    const isBracket = written.text === '<' && text !== '' && !text.endsWith(' ')
    text += (isWords || isBracket ? ' ' : '') + written.text
    previous = written
  }
  const addresses = item.filter(({ isAddress }) => isAddress)
  if (addresses.length === 0) return text
  const length = addresses.reduce((sum, address) => sum + octets(address.text), 0)
  if (octets(text) - length <= MOST_OTHER_OCTETS) return text
  tooMuch(text.slice(0, SHOWN_CHARACTERS))
  return addresses.map((address) => `<${address.text}>`).join(', ')
}

function octets(text: string): number {
  return isAscii(text) ? text.length : encodeAddress(text).length
}

function tokenText(token: AddressToken): string {
  if (token.kind === 'quoted') return `"${token.text.replace(/["\\]/g, '\\$&')}"`
  return token.kind === 'atom' ? formatAddressTokens([token]) : joinAddressTokens([token])
}

/** Words side by side are one, unless one of them shows where it ends. */
function needsBlank(left: AddressToken, right: AddressToken): boolean {
  if (left.kind === 'operator' || right.kind === 'operator') {
    return left.text === ',' || (right.text === '<' && left.kind !== 'operator')
  }
  return left.kind !== 'atom' || right.kind !== 'atom'
}
