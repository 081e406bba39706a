import {
  formatAddressTokens,
  quoteHeaderAddress,
  tokenizeAddress,
  unquoteAddress,
} from '@posthouse/mail-address'

import { plainDomain } from './plain-address.ts'
import { type RewriteRules, rewriteTokens } from './rewrite-tokens.ts'

/**
 * Brings an envelope address, in internal form, to the form `user@fully.qualified.domain`
 * (`G-139`, `Q-501`). The null address stays null. Letter case is kept.
 */
export function rewriteAddress(address: string, rules: RewriteRules): string {
  if (address === '' || plainDomain(address) !== undefined) return address
  return unquoteAddress(rewriteExternalAddress(quoteHeaderAddress(address), rules))
}

/**
 * The same for one address in external form, as headers have it (`G-139`, `G-140`). It is read as
 * a single address, without display name, group or angle brackets. Text that holds no token, such
 * as blanks, becomes `""`; empty text stays empty.
 */
export function rewriteExternalAddress(external: string, rules: RewriteRules): string {
  if (external === '' || plainDomain(external) !== undefined) return external
  return formatAddressTokens(rewriteTokens(tokenizeAddress(external), rules))
}
