import {
  decodeAddress,
  isValidHostname,
  quoteAddress,
  splitAddress,
  unquoteAddress,
} from '@posthouse/mail-address'

const address = decodeAddress(Buffer.from('john doe@example.org'))
console.log(splitAddress(address))
console.log(`RCPT TO:<${quoteAddress(address)}>`)
console.log(unquoteAddress('"john doe"@example.org') === address)
console.log(isValidHostname('example.org'), isValidHostname('-example.org'))
