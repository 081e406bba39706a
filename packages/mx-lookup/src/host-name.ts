import { domainToASCII } from 'node:url'

import { isAscii, isValidHostname } from '@posthouse/mail-address'

/**
 * The form of a host name that DNS is asked for: A-labels (C-1). Undefined if it is no valid host
 * name, which includes address literals.
 */
export function dnsName(name: string): string | undefined {
  const ascii = isAscii(name) ? name : domainToASCII(name)
  return ascii !== '' && isValidHostname(ascii) ? ascii : undefined
}
