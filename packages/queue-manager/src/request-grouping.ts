import { splitAddress } from '@posthouse/mail-address'
import type { EnvelopeRecipient } from '@posthouse/queue-store'

import type { Target } from './active-message.ts'
import type { Route } from './router.ts'

/** What grouping needs to know of the transports. */
export interface GroupingOptions {
  /** `TRANSPORT_destination_recipient_limit` (S-28). */
  readonly recipientLimitOf: (transport: string) => number
  /** `recipient_delimiter` (S-27). */
  readonly recipientDelimiter: string
  /** Addresses that differ in case only are the same, as for oqmgr(8) (S-20). */
  readonly ignoresCase: boolean
}

interface Candidate extends Target {
  readonly domain: string
  readonly address: string
}

/** Groups recipients so that they go in as few deliveries as the limits allow (S-20, S-28). */
export class RequestGrouping {
  readonly #options: GroupingOptions
  // Nearly always it is the same again.
  #lastNexthop = ''
  #lastDestination = ''

  constructor(options: GroupingOptions) {
    this.#options = options
  }

  /** The destinations of recipients, in the order in which they are to be queued. */
  targetsOf(routes: readonly Route[]): Target[] {
    const [only] = routes
    if (only !== undefined && routes.length === 1) return [this.#target(only)]
    return routes.map((route) => this.#candidate(route)).sort(compare)
  }

  #target({ transport, nexthop, recipient }: Route): Target {
    const destination = this.#destinationOf(transport, nexthop, recipient)
    return { transport, destination, nexthop, recipient }
  }

  #candidate({ transport, nexthop, recipient }: Route): Candidate {
    const { address } = recipient
    return {
      transport,
      destination: this.#destinationOf(transport, nexthop, recipient),
      nexthop,
      recipient,
      domain: (splitAddress(address).domain ?? '').toLowerCase(),
      address: this.#options.ignoresCase ? address.toLowerCase() : address,
    }
  }

  /** The queue name of S-27. */
  #destinationOf(transport: string, nexthop: string, { address }: EnvelopeRecipient): string {
    const { recipientLimitOf, recipientDelimiter } = this.#options
    // The next hop of `error` and `retry` is a text, not a name.
    if (isInternal(transport)) return nexthop
    if (recipientLimitOf(transport) !== 1) return this.#lowerCase(nexthop)
    // One recipient at a time means a window for each recipient: a mailbox, not a host.
    const mailbox = stripExtension(splitAddress(address).localPart, recipientDelimiter)
    return `${mailbox}@${nexthop}`.toLowerCase()
  }

  #lowerCase(nexthop: string): string {
    if (nexthop !== this.#lastNexthop) {
      this.#lastNexthop = nexthop
      this.#lastDestination = nexthop.toLowerCase()
    }
    return this.#lastDestination
  }
}

/** Where nobody is told of what is done away with: no name that a service can have. */
export const DISCARDED = '(discarded)'

/** Whether a transport is handled by the queue manager itself (S-25, S-95, S-97). */
export function isInternal(transport: string): boolean {
  return transport === 'error' || transport === 'retry' || transport === DISCARDED
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
    order(a.transport, b.transport) ||
    order(a.destination, b.destination) ||
    order(a.domain, b.domain) ||
    order(a.address, b.address)
  )
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
