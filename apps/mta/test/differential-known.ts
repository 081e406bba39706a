import type { Delivered } from '../harness/delivered.ts'
import type { Outcome } from '../harness/relay.ts'

/**
 * Whether MAIL holds a line break, or a path that ends early (C-174): a recipient with LF, asked
 * for with VERP, or angle brackets in a domain. Postfix sends that, we refuse the sender.
 */
export function isUnsafe(mail: string): boolean {
  const path = mail.slice('MAIL FROM:<'.length, mail.lastIndexOf('>'))
  return /[\r\n]/.test(mail) || /[<>]/.test(path.slice(path.lastIndexOf('@')))
}

const FOLDED = /^(Received: [^;]*\r\n\tfor <"[^>\r]*)\r\n\t/

/** With a blank for LF in the recipient in `Received:`, where Postfix breaks the line. */
export function unfolded(delivered: Delivered): Delivered {
  if (!FOLDED.test(delivered.data)) return delivered
  const data = delivered.data.replace(FOLDED, '$1 ')
  const mail = delivered.mail.replace(/(?<= SIZE=)\d+/, (size) => String(Number(size) - 2))
  return unfolded({ ...delivered, mail, data })
}

/** An outcome without those deliveries and refusals, and whether there were any. */
export function withoutUnsafe(outcome: Outcome): { safe: Outcome; isOdd: boolean } {
  const safe = outcome.delivered.filter(({ mail }) => !isUnsafe(mail))
  const delivered = safe.map(unfolded)
  const failed = outcome.failed.filter((text) => !text.includes('.1.7 sender address holds'))
  const { delivered: allDelivered, failed: allFailed } = outcome
  const isOdd = delivered.length < allDelivered.length || failed.length < allFailed.length
  return { safe: { ...outcome, delivered, failed }, isOdd }
}

/** Where we do otherwise than Postfix, and mean to. */
export interface KnownDifference {
  /** The name of the valid case that shows it. */
  readonly name: string
  readonly rule: string
  readonly reason: string
  /** What is found in our outcome and not in Postfix's, and the other way round. */
  readonly ours: string
  readonly theirs: string
}

/** In the log only: Postfix has no local(8) there either. */
const NO_MAILBOXES: KnownDifference = {
  name: 'recipient "user@[127.0.0.1]"',
  rule: 'G-146',
  reason: 'mail for this host is returned at once: nothing here could ever deliver it',
  ours: '.3.5 mail for this host is not delivered here: there are no mailboxes.',
  theirs: '.3.0 mail transport unavailable',
}

/** Postfix 3.7 as it comes. */
export const KNOWN_BY_DEFAULT: readonly KnownDifference[] = [
  {
    name: 'starts with CR LF',
    rule: 'Q-513',
    reason: 'a text that begins with CR becomes body: a blank line must not fold our Received',
    ours: 'From: s@example.org\r\n\r\n \r\nbody',
    theirs: '<DATE>\r\n \r\nMessage-Id: ',
  },
  ...nullDomains('MAILER-DAEMON'),
  NO_MAILBOXES,
]

/** With the settings of `NARROW`. */
export const KNOWN_WHEN_NARROW: readonly KnownDifference[] = [
  ...nullDomains('nobody'),
  NO_MAILBOXES,
]

/** In the log only: the recipient fails for the same reason. */
function nullDomains(name: string): KnownDifference[] {
  return ['recipient "@"', 'recipient "%"', 'sender and two recipients %'].map((one) => ({
    name: one,
    rule: 'G-142',
    reason: 'a recipient of neither local part nor domain keeps its name in the log',
    ours: 'to=<""@>',
    theirs: `to=<${name}@>`,
  }))
}
