import { domainToASCII } from 'node:url'

import { isAscii } from './address-bytes.ts'

const MAX_NAME_BYTES = 255
// Labels of 1 to 63 letters, digits, `_` and inner `-`.
const LABELS = /^\w(?:[\w-]{0,61}\w)?(?:\.\w(?:[\w-]{0,61}\w)?)*$/
// Punycode would hide it: the A-label of a name with a leading `-` begins with `xn--`.
const OUTER_HYPHEN = /^-|\.-|-\.|-$/
const NUMERIC = /^[\d.]+$/

/**
 * Whether `name` can be the name of a host (RFC 1123 2.1, `G-144`): labels of 1 to 63 letters,
 * digits, `-` and `_` that do not begin or end with `-`, joined by single dots, up to 255 bytes.
 * A name of digits and dots only is none: `1.2.3` is a mistyped address. No trailing dot. Unlike
 * the RFC, and like Postfix, `_` is allowed: there are such names in the DNS.
 */
export function isValidHostname(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && LABELS.test(name) && !NUMERIC.test(name)
}

/** As `isValidHostname`, for names that may be written in UTF-8 (RFC 6531, RFC 5890 U-labels). */
export function isValidUtf8Hostname(name: string): boolean {
  if (isAscii(name)) return isValidHostname(name)
  if (!name.isWellFormed() || OUTER_HYPHEN.test(name)) return false
  return isValidHostname(domainToASCII(name))
}
