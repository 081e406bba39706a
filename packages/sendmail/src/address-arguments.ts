import { addressesOf, joinAddressTokens, parseAddressList } from '@posthouse/mail-address'

/** The addresses of a text that is written like a header, in internal form. */
export function addressesIn(text: string, maxTokens?: number): string[] {
  return addressesOf(parseAddressList(text, maxTokens)).map(joinAddressTokens)
}

/** The recipients that operands name; one without an address names the empty address. */
export function recipientsOf(operands: readonly string[]): string[] {
  return operands.flatMap((operand) => {
    const addresses = addressesIn(operand)
    return addresses.length === 0 ? [''] : addresses
  })
}

/** The sender that `-f` names: the first address. */
export function senderOf(argument: string, warn: (text: string) => void): string {
  const [first = '', ...others] = addressesIn(argument)
  if (others.length > 0) warn(`-f option specified malformed sender: ${argument}`)
  return first
}
