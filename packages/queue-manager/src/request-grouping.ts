import { splitAddress } from '@posthouse/mail-address'

import type { ActiveMessage, Request } from './active-message.ts'
import type { Route } from './router.ts'

/** What grouping needs to know of the transports and the message. */
export interface GroupingOptions {
  /** `TRANSPORT_destination_recipient_limit` (S-28). */
  readonly recipientLimitOf: (transport: string) => number
  /** `recipient_delimiter` (S-27). */
  readonly recipientDelimiter: string
  /** The sender for a recipient; given for VERP only: then each recipient goes alone (S-29). */
  readonly senderFor?: ((originalRecipient: string) => string) | undefined
}

interface Candidate {
  readonly route: Route
  readonly limit: number
  readonly queueName: string
  readonly domain: string
  readonly address: string
}

/** Puts the recipients of a message into as few requests as the limits allow (S-20, S-28). */
export function groupRequests(
  message: ActiveMessage,
  routes: readonly Route[],
  options: GroupingOptions,
): Request[] {
  const candidates = routes.map((route) => candidate(route, options))
  if (candidates.length > 1) candidates.sort(compare)
  const requests: Request[] = []
  let open: Request | undefined
  for (const { route, queueName, limit } of candidates) {
    const { transport, nexthop, recipient } = route
    if (
      open?.transport === transport &&
      open.queueName === queueName &&
      (limit === 0 || open.recipients.length < limit) &&
      options.senderFor === undefined
    ) {
      open.recipients.push(recipient)
      continue
    }
    const sender =
      options.senderFor?.(recipient.original ?? recipient.address) ?? message.envelope.sender
    open = { message, transport, nexthop, queueName, sender, recipients: [recipient] }
    requests.push(open)
  }
  return requests
}

/** Where nobody is told of what is done away with: no name that a service can have. */
export const DISCARDED = '(discarded)'

/** Whether a transport is handled by the queue manager itself (S-25, S-95, S-97). */
export function isInternal(transport: string): boolean {
  return transport === 'error' || transport === 'retry' || transport === DISCARDED
}

function candidate(route: Route, options: GroupingOptions): Candidate {
  const { transport, nexthop, recipient } = route
  const limit = isInternal(transport) ? 0 : options.recipientLimitOf(transport)
  const { localPart, domain = '' } = splitAddress(recipient.address)
  // One recipient at a time means a window for each recipient: a mailbox, not a host (S-27).
  const mailbox = limit === 1 ? `${stripExtension(localPart, options.recipientDelimiter)}@` : ''
  return {
    route,
    limit,
    // The next hop of `error` and `retry` is a text, not a name.
    queueName: isInternal(transport) ? nexthop : (mailbox + nexthop).toLowerCase(),
    domain: domain.toLowerCase(),
    address: recipient.address.toLowerCase(),
  }
}

function stripExtension(localPart: string, delimiters: string): string {
  // From 1 on: a local part that begins with a delimiter is not all extension.
  for (let at = 1; at < localPart.length; at++) {
    if (delimiters.includes(localPart.charAt(at))) return localPart.slice(0, at)
  }
  return localPart
}

function compare(a: Candidate, b: Candidate): number {
  return (
    order(a.route.transport, b.route.transport) ||
    order(a.queueName, b.queueName) ||
    order(a.domain, b.domain) ||
    order(a.address, b.address)
  )
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
