import { isAscii, isValidUtf8Text } from '@posthouse/mail-address'
import type { NewRecipient } from '@posthouse/queue-store'

import type { CleanupOptions } from './cleanup-options.ts'

const NOTIFY_NEVER = 1

/** Recipients as they are stored. */
export interface StoredRecipients {
  readonly recipients: readonly NewRecipient[]
  /** Those that go behind the content: `always_bcc`. */
  readonly extra: readonly NewRecipient[]
}

/** Completes the recipients of a message, removes duplicates and adds `always_bcc`. */
export function storedRecipients(
  received: readonly string[],
  options: CleanupOptions,
  rewrite: (address: string) => string,
): StoredRecipients {
  const { alwaysBcc } = options
  const filter = new DuplicateFilter(options)
  const isAlone = received.length === 1 && alwaysBcc === ''
  const recipients: NewRecipient[] = []
  for (const original of received) {
    const recipient = storedRecipient(original, options, rewrite)
    if (isAlone || filter.add(recipient)) recipients.push(recipient)
  }
  if (alwaysBcc === '') return { recipients, extra: [] }
  // Without a DSN original recipient it is no duplicate of an ordinary one, but where only the
  // final address counts.
  const bcc = { address: rewrite(alwaysBcc), original: alwaysBcc, notify: NOTIFY_NEVER }
  return { recipients, extra: filter.add(bcc) ? [bcc] : [] }
}

/** Canonical and virtual alias maps have their place here. */
function storedRecipient(
  original: string,
  options: CleanupOptions,
  rewrite: (address: string) => string,
): NewRecipient {
  const address = rewrite(original === '' ? options.emptyAddressRecipient : original)
  const needsUtf8 = options.smtputf8 && options.smtputf8Autodetect && isUtf8Address(address)
  const type = needsUtf8 ? 'utf-8' : 'rfc822'
  return { address, original, dsnOriginal: `${type};${address}` }
}

/** Whether an address is not ASCII and valid UTF-8, which is what SMTPUTF8 is for. */
export function isUtf8Address(address: string): boolean {
  return !isAscii(address) && isValidUtf8Text(address)
}

/** Q-505, F-42: once full, it lets addresses pass that it does not know. */
class DuplicateFilter {
  readonly #limit: number
  readonly #byOriginal: boolean
  readonly #known = new Set<string>()

  constructor({ duplicateFilterLimit, enableOriginalRecipient }: CleanupOptions) {
    this.#limit = duplicateFilterLimit > 0 ? duplicateFilterLimit : Number.POSITIVE_INFINITY
    this.#byOriginal = enableOriginalRecipient
  }

  /** Remembers a recipient if there is room. @returns false for one that is known. */
  add({ address, original, dsnOriginal = '', notify = 0 }: NewRecipient): boolean {
    // NUL cannot be part of an address, so it keeps the parts apart.
    const parts = [dsnOriginal, notify, original, address].join('\0')
    const key = (this.#byOriginal ? parts : address).toLowerCase()
    if (this.#known.has(key)) return false
    if (this.#known.size < this.#limit) this.#known.add(key)
    return true
  }
}
