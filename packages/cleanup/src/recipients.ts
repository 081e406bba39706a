import { isAscii, isValidUtf8Text } from '@posthouse/mail-address'
import type { NewRecipient } from '@posthouse/queue-store'

import type { AddressMapping, Bcc, Warn } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import type { ExpandedRecipient } from './ports.ts'
import { type CleanupRecipient, receivedRecipient } from './received-recipient.ts'

const NOTIFY_NEVER = 1
const NOTIFY_SUCCESS = 2

/** Addresses as they are stored. */
export interface StoredEnvelope {
  readonly sender: string
  readonly recipients: readonly NewRecipient[]
  /** Those that were asked for behind the content. */
  readonly late: readonly NewRecipient[]
  /** Those that go behind the content: `always_bcc`, then BCC. */
  readonly extra: readonly NewRecipient[]
  /** Aliases of which the sender is to be told that they were expanded (F-43). */
  readonly expanded: readonly ExpandedRecipient[]
  /** The last one received, mapped but for aliases; undefined if there is none. */
  readonly last: string | undefined
}

/** What recipients are completed and chosen by. */
export interface RecipientContext {
  readonly options: CleanupOptions
  readonly rewrite: (address: string) => string
}

/** The sender as it is stored; recipients as they were received. */
export interface ReceivedEnvelope {
  readonly sender: string
  readonly recipients: readonly CleanupRecipient[]
  /** Behind the content. */
  readonly late: readonly CleanupRecipient[]
}

/** Completes the recipients of a message, removes duplicates and adds `always_bcc`. */
export function storedEnvelope(
  received: ReceivedEnvelope,
  context: RecipientContext,
  alwaysBcc: string,
): StoredEnvelope {
  const { sender } = received
  const isAlone = received.recipients.length + received.late.length === 1 && alwaysBcc === ''
  const filter = new DuplicateFilter(context.options)
  let last: string | undefined
  const stored = (list: readonly CleanupRecipient[]): NewRecipient[] => {
    const recipients: NewRecipient[] = []
    for (const one of list) {
      const recipient = completed(one, context)
      last = recipient.address
      if (isAlone || filter.add(recipient)) recipients.push(recipient)
    }
    return recipients
  }
  const recipients = stored(received.recipients)
  const late = stored(received.late)
  if (alwaysBcc === '') return { sender, recipients, late, extra: [], expanded: [], last }
  const address = context.rewrite(alwaysBcc)
  const extra = filter.chosen(copies({ original: address, addresses: [address] }))
  return { sender, recipients, late, extra, expanded: [], last }
}

/** The same with maps: each recipient may become others, and bring copies. */
export async function mappedEnvelope(
  received: ReceivedEnvelope,
  context: RecipientContext,
  mapping: AddressMapping,
  warn: Warn,
): Promise<StoredEnvelope> {
  const { options } = context
  const filter = new DuplicateFilter(options)
  const expanded: ExpandedRecipient[] = []
  let last: string | undefined
  const stored = async (list: readonly CleanupRecipient[]): Promise<NewRecipient[]> => {
    const recipients: NewRecipient[] = []
    for (const one of list) {
      const before = completed(one, context)
      const address = await mapping.map(before.address, 'envelope_recipient', warn)
      last = address
      const dsn = receivedRecipient(one).dsnOriginal || dsnOriginal(address, options)
      const alias = { ...before, address, dsnOriginal: dsn }
      const finals = await mapping.expand(address)
      if (isReportedAlias(alias, finals)) expanded.push({ ...alias, notify: alias.notify ?? 0 })
      for (const final of finals) {
        const recipient = member(alias, final, finals)
        if (filter.add(recipient)) recipients.push(recipient)
      }
      recipients.push(...filter.chosen(copies(await mapping.bccFor(address, 'recipient', warn))))
    }
    return recipients
  }
  const first = filter.chosen(copies(await mapping.bccFor(received.sender, 'sender', warn)))
  const recipients = [...first, ...(await stored(received.recipients))]
  const late = await stored(received.late)
  const { alwaysBcc } = options
  const always = alwaysBcc === '' ? undefined : await mapping.bcc(alwaysBcc, warn)
  const extra = filter.chosen(copies(always))
  return { sender: received.sender, recipients, late, extra, expanded, last }
}

/** F-43: one that stands for itself alone is none. */
function isReportedAlias(alias: NewRecipient, finals: readonly string[]): boolean {
  const isAlias = finals.length !== 1 || finals[0] !== alias.address
  return isAlias && ((alias.notify ?? 0) & NOTIFY_SUCCESS) !== 0
}

/** Whose delivery is not reported: the sender has been told that the alias was expanded (F-43). */
function member(alias: NewRecipient, address: string, finals: readonly string[]): NewRecipient {
  if (!isReportedAlias(alias, finals)) return { ...alias, address }
  const { notify = 0 } = alias
  return {
    ...alias,
    address,
    notify: notify & ~NOTIFY_SUCCESS || NOTIFY_NEVER,
    notifyAsked: notify,
  }
}

/** Adds the copies that BCC actions ask for, behind all others. */
export function withCopies(
  stored: StoredEnvelope,
  asked: readonly Bcc[],
  options: CleanupOptions,
): StoredEnvelope {
  const filter = new DuplicateFilter(options)
  filter.chosen([...stored.recipients, ...stored.late, ...stored.extra])
  const extra = asked.flatMap((bcc) => filter.chosen(copies(bcc)))
  return { ...stored, extra: [...stored.extra, ...extra] }
}

/** Completes an address; what was asked for the recipient stays with it. */
function completed(
  received: CleanupRecipient,
  { options, rewrite }: RecipientContext,
): NewRecipient {
  const { address: given, original = given, notify, dsnOriginal: dsn } = receivedRecipient(received)
  const address = rewrite(given === '' ? options.emptyAddressRecipient : given)
  return { address, original, dsnOriginal: dsn || dsnOriginal(address, options), notify }
}

/** the address before aliases. None for the empty address, which a map can make. */
function dsnOriginal(address: string, { smtputf8, smtputf8Autodetect }: CleanupOptions): string {
  if (address === '') return ''
  const needsUtf8 = smtputf8 && smtputf8Autodetect && isUtf8Address(address)
  return `${needsUtf8 ? 'utf-8' : 'rfc822'};${address}`
}

/** Automatic copies have no DSN original recipient: no duplicates of what was asked for. */
function copies(bcc: Bcc | undefined): NewRecipient[] {
  if (bcc === undefined) return []
  const { original, addresses } = bcc
  return addresses.map((address) => ({ address, original, notify: NOTIFY_NEVER }))
}

/** Whether an address is not ASCII and valid UTF-8, which is what SMTPUTF8 is for. */
export function isUtf8Address(address: string): boolean {
  return !isAscii(address) && isValidUtf8Text(address)
}

/** Q-505, F-42: once full, it lets addresses pass that it does not know. */
class DuplicateFilter {
  readonly #limit: number
  readonly #byOriginal: boolean
  #known: Set<string> | undefined // Many messages have nothing to compare.

  constructor({ duplicateFilterLimit, enableOriginalRecipient }: CleanupOptions) {
    this.#limit = duplicateFilterLimit > 0 ? duplicateFilterLimit : Number.POSITIVE_INFINITY
    this.#byOriginal = enableOriginalRecipient
  }

  /** Remembers a recipient if there is room. @returns false for one that is known. */
  add({ address, original, dsnOriginal = '', notify = 0 }: NewRecipient): boolean {
    // NUL cannot be part of an address, so it keeps the parts apart.
    const parts = [dsnOriginal, notify, original, address].join('\0')
    const key = (this.#byOriginal ? parts : address).toLowerCase()
    this.#known ??= new Set()
    if (this.#known.has(key)) return false
    if (this.#known.size < this.#limit) this.#known.add(key)
    return true
  }

  /** Those that it did not know. */
  chosen(recipients: readonly NewRecipient[]): NewRecipient[] {
    return recipients.filter((recipient) => this.add(recipient))
  }
}
