import type { HeaderClass } from './header-addresses.ts'

// Headers that change what cleanup does.
const KNOWN = [
  'received',
  'message-id',
  'date',
  'from',
  'to',
  'cc',
  'resent-bcc',
  'resent-cc',
  'resent-date',
  'resent-from',
  'resent-message-id',
  'resent-reply-to',
  'resent-sender',
  'resent-to',
  'content-transfer-encoding',
  'tls-required',
]

// whose addresses headers have.
const ADDRESS_CLASSES: ReadonlyMap<string, HeaderClass> = new Map([
  ...classOf('header_sender', [
    'disposition-notification-to',
    'errors-to',
    'from',
    'mail-followup-to',
    'reply-to',
    'resent-from',
    'resent-sender',
    'return-path',
    'return-receipt-to',
    'sender',
  ]),
  ...classOf('header_recipient', [
    'apparently-to',
    'bcc',
    'cc',
    'resent-bcc',
    'resent-cc',
    'resent-reply-to',
    'resent-to',
    'to',
  ]),
])

/** What to do about a header. */
export interface HeaderRule {
  /** Whether it matters that the header was there. */
  readonly isKnown: boolean
  readonly isDropped: boolean
  /** Whose addresses are in it; undefined: none that we know. */
  readonly addressClass: HeaderClass | undefined
}

/**
 * What to do about headers, by their names in lower case; most have no rule.
 *
 * @param messageDropHeaders `message_drop_headers`, in any letter case.
 */
export function headerRules(messageDropHeaders: readonly string[]): HeaderRules {
  const dropped = new Set(messageDropHeaders.map((name) => name.toLowerCase()))
  const known = new Set([...KNOWN, ...ADDRESS_CLASSES.keys()])
  return new Map(
    [...known, ...dropped].map((name) => {
      const isKnown = known.has(name)
      const addressClass = ADDRESS_CLASSES.get(name)
      return [name, { isKnown, isDropped: dropped.has(name), addressClass }]
    }),
  )
}

/** The same rules, with no addresses to be rewritten. */
export function withoutAddresses(rules: HeaderRules): HeaderRules {
  return new Map([...rules].map(([name, rule]) => [name, { ...rule, addressClass: undefined }]))
}

export type HeaderRules = ReadonlyMap<string, HeaderRule>

function classOf(where: HeaderClass, names: readonly string[]): (readonly [string, HeaderClass])[] {
  return names.map((name) => [name, where] as const)
}
