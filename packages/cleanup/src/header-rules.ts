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

/** What to do about a header, by its name in lower case. */
export class HeaderRules {
  readonly #known: ReadonlySet<string> = new Set([...KNOWN, ...ADDRESS_CLASSES.keys()])
  readonly #dropped: ReadonlySet<string>

  /** @param messageDropHeaders `message_drop_headers`, in any letter case. */
  constructor(messageDropHeaders: readonly string[]) {
    this.#dropped = new Set(messageDropHeaders.map((name) => name.toLowerCase()))
  }

  /** Whether it matters that the header was there. */
  isKnown(name: string): boolean {
    return this.#known.has(name)
  }

  /** Whose addresses are in a header; undefined: none that we know. */
  addressClass(name: string): HeaderClass | undefined {
    return ADDRESS_CLASSES.get(name)
  }

  isDropped(name: string): boolean {
    return this.#dropped.has(name)
  }
}

function classOf(where: HeaderClass, names: readonly string[]): (readonly [string, HeaderClass])[] {
  return names.map((name) => [name, where] as const)
}
