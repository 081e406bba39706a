import type { Outcome } from '../harness/relay.ts'

/** Whether a domain in MAIL ends the path early (C-174). Postfix sends that, we never do. */
export function breaksPath(mail: string): boolean {
  const path = mail.slice('MAIL FROM:<'.length, mail.lastIndexOf('>'))
  return /[<>]/.test(path.slice(path.lastIndexOf('@')))
}

/** Postfix has sent a sender with angle brackets outside quotes; we refuse it. */
export function isRefusedForBrackets(ours: Outcome, theirs: Outcome): boolean {
  const all = theirs.delivered.length > 0 && theirs.delivered.every(({ mail }) => breaksPath(mail))
  const refused = ours.failed.some((text) => text.includes('.1.7 sender address holds'))
  return all && refused && ours.delivered.length === 0
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
  ...mime(558, 444, 442),
]

/** With the settings of `NARROW`. */
export const KNOWN_WHEN_NARROW: readonly KnownDifference[] = [
  {
    name: 'recipient "us\\ner@example.org"',
    rule: 'Q-340',
    reason: 'LF in an address never reaches a header, whatever cleanup_replace_stray_cr_lf says',
    ours: '<"us er"@example.org>',
    theirs: '<"us\r\n\ter"@example.org>',
  },
  ...nullDomains('nobody'),
  ...mime(588, 474, 472),
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

/** Until MIME structure is followed. */
function mime(whole: number, cut: number, theirCut: number): KnownDifference[] {
  const reason = 'headers of parts are not looked at, so that nothing marks the message 8bit'
  const rule = 'Q-527, Q-555'
  return [
    { name: 'MIME', rule, reason, ours: `SIZE=${whole}`, theirs: `SIZE=${whole} BODY=8BITMIME` },
    {
      name: 'MIME without end',
      rule,
      reason,
      ours: `SIZE=${cut}`,
      theirs: `SIZE=${theirCut} BODY=8BITMIME`,
    },
  ]
}
