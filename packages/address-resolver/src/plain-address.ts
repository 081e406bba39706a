// Longer than RFC 5321 4.5.3.1 allows: a regular expression with groups must not see megabytes.
const MAX_PLAIN_LENGTH = 320
// A dot-atom of ASCII without `!` and `%`, not beginning with `-`, and a domain that has a dot.
const PLAIN =
  /^[\w#$&'*+/=?^`{|}~][\w#$&'*+/=?^`{|}~-]*(?:\.[\w#$&'*+/=?^`{|}~-]+)*@[\w-]+(?:\.[\w-]+)+$/

/**
 * The domain of an address that neither quoting nor rewriting can change: what nearly all mail
 * has. Undefined for all others, which then go the long way.
 */
export function plainDomain(address: string): string | undefined {
  if (address.length > MAX_PLAIN_LENGTH || !PLAIN.test(address)) return undefined
  return address.slice(address.indexOf('@') + 1)
}
