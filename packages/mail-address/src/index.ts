export { decodeAddress, encodeAddress, isAscii, isValidUtf8Text } from './address-bytes.ts'
export { type AddressPiece, addressesOf, parseAddressList } from './address-list.ts'
export { type AddressLiteral, isAddressLiteral, parseAddressLiteral } from './address-literal.ts'
export { quoteAddress, quoteHeaderAddress, unquoteAddress } from './address-quoting.ts'
export {
  type AddressToken,
  type AddressTokenKind,
  formatAddressTokens,
  joinAddressTokens,
  tokenizeAddress,
} from './address-tokens.ts'
export { isValidHostname, isValidUtf8Hostname } from './hostname.ts'
export { hostnameProblem } from './hostname-problem.ts'
export {
  type AddressListRules,
  mapExternalAddresses,
  rewriteAddressList,
} from './rewrite-address-list.ts'
export { type SplitAddress, splitAddress } from './split-address.ts'
