import { splitAddress } from '@posthouse/mail-address'

/**
 * Where the notification about one recipient goes, so that the address tells which (F-76):
 * `list@lists.example` and `user@dest.example` are `list+user=dest.example@lists.example` with the
 * delimiters `+=`. A part that is missing takes its delimiter along.
 *
 * @param sender Internal form, as the result.
 * @param recipient As logged: quotes of its external form stay in the result, as in Postfix.
 */
export function verpAddress(sender: string, recipient: string, delimiters: string): string {
  const from = splitAddress(sender)
  const to = splitAddress(recipient)
  const [first = '', second = ''] = delimiters
  const user = to.localPart === '' ? '' : first + to.localPart
  const domain = to.domain ? second + to.domain : ''
  const origin = from.domain === undefined ? '' : `@${from.domain}`
  return from.localPart + user + domain + origin
}
