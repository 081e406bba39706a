import { ADDRESS_HEADERS } from '@posthouse/mime-stream'

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
  'require-tls-esmtp',
]

/** What to do about a header. */
export interface HeaderRule {
  /** Whether it matters that the header was there. */
  readonly isKnown: boolean
  /** Whether a message that has it is one that was sent again. */
  readonly isResent: boolean
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
  const known = new Set([...KNOWN, ...ADDRESS_HEADERS.keys()])
  return new Map(
    [...known, ...dropped].map((name) => {
      const isKnown = known.has(name)
      const whose = ADDRESS_HEADERS.get(name)
      const addressClass = whose === undefined ? undefined : (`header_${whose}` as const)
      const isResent = isKnown && name.startsWith('resent-')
      return [name, { isKnown, isResent, isDropped: dropped.has(name), addressClass }]
    }),
  )
}

/** The same rules, with no addresses to be rewritten. */
export function withoutAddresses(rules: HeaderRules): HeaderRules {
  return new Map([...rules].map(([name, rule]) => [name, { ...rule, addressClass: undefined }]))
}

export type HeaderRules = ReadonlyMap<string, HeaderRule>
