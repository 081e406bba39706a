import { splitAddress } from '@posthouse/mail-address'

/**
 * The sender for one recipient of a VERP message (S-29): `owner@disc.test` for `u1@foo.tst` with
 * `+=` is `owner+u1=foo.tst@disc.test`.
 *
 * @param delimiters Two characters; the queue store has checked them.
 */
export function verpSender(sender: string, recipient: string, delimiters: string): string {
  const from = splitAddress(sender)
  const to = splitAddress(recipient)
  const origin = from.domain === undefined ? '' : `@${from.domain}`
  const domain = to.domain === undefined ? '' : delimiters.charAt(1) + to.domain
  return from.localPart + delimiters.charAt(0) + to.localPart + domain + origin
}
