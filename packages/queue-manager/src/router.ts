import { splitAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import type { EnvelopeRecipient } from '@posthouse/queue-store'

import type { ActiveMessage } from './active-message.ts'
import type { QueueManagerOptions } from './options.ts'
import type { QueueManagerPorts, Resolution } from './ports.ts'
import { DISCARDED } from './request-grouping.ts'

/** Where one recipient goes. */
export interface Route {
  readonly transport: string
  readonly nexthop: string
  /** With the resolved address. */
  readonly recipient: EnvelopeRecipient
}

/** Finds the transport and next hop of recipients: rules S-21 to S-24. */
export class Router {
  readonly #options: QueueManagerOptions
  readonly #resolve: QueueManagerPorts['resolve']
  readonly #rewrite: QueueManagerPorts['rewrite']
  readonly #log: Logger
  readonly #deferTransports: ReadonlySet<string>
  readonly #probes: () => number

  /** @param probes How many address probes are in memory. */
  constructor(
    options: QueueManagerOptions,
    { resolve, rewrite, log }: QueueManagerPorts,
    probes: () => number,
  ) {
    this.#options = options
    this.#probes = probes
    this.#resolve = resolve
    this.#rewrite = rewrite
    this.#log = log
    this.#deferTransports = new Set(options.deferTransports)
  }

  /**
   * One route per recipient that is to be delivered, in the order of the file. A promise only if a
   * resolver answers later.
   */
  routesOf(
    message: ActiveMessage,
    recipients: readonly EnvelopeRecipient[],
  ): Route[] | Promise<Route[]> {
    // All are asked for before any is waited for: a table may be slow to answer.
    const routes = this.#wanted(recipients, message.envelope.redirect).map((recipient) => {
      const route = this.#filter(message, recipient) ?? this.#ask(message, recipient)
      return route instanceof Promise ? route : this.#postponed(message, route)
    })
    return routes.every(isKnown) ? routes : Promise.all(routes)
  }

  /**
   * S-21: a redirected message goes to one address only, and none of its own is marked done. It
   * goes there in the name of the recipient that would have been the first (S-20).
   */
  #wanted(
    recipients: readonly EnvelopeRecipient[],
    redirect: string | undefined,
  ): readonly EnvelopeRecipient[] {
    if (redirect === undefined || recipients.length === 0) return recipients
    const inName = recipients.reduce((one, other) => (precedes(other, one) ? other : one))
    return [{ ...inName, address: this.#rewrite(redirect), offset: 0 }]
  }

  /** S-22: all mail of the message goes to its content filter. A redirection overrides it. */
  #filter({ envelope, isProbe }: ActiveMessage, recipient: EnvelopeRecipient): Route | undefined {
    const { contentFilter, redirect } = envelope
    if (contentFilter === undefined || redirect !== undefined) return undefined
    if (isProbe) return undefined // Probes of addresses pass filters by.
    const colon = contentFilter.indexOf(':')
    const transport = colon < 0 ? contentFilter : contentFilter.slice(0, colon)
    const given = colon < 0 ? '' : contentFilter.slice(colon + 1)
    const { defaultFilterNexthop, hostname } = this.#options
    const nexthop =
      given || defaultFilterNexthop || splitAddress(recipient.address).domain || hostname
    return { transport, nexthop, recipient }
  }

  /** S-23, and rows 1 to 3 of S-24. */
  #ask(message: ActiveMessage, recipient: EnvelopeRecipient): Route | Promise<Route> {
    const { envelope, isProbe } = message
    const { address } = recipient
    const request = isProbe ? 'verify' : 'resolve'
    if (address === '') return error(recipient, '5.1.3 null recipient address')
    try {
      const answer = this.#resolve(envelope.sender, address, request)
      if (answer instanceof Promise) return this.#askLater(message, recipient, answer)
      return this.#routeOf(recipient, answer)
    } catch (failure) {
      return this.#routeOf(recipient, this.#failed(message, recipient, failure))
    }
  }

  async #askLater(
    message: ActiveMessage,
    recipient: EnvelopeRecipient,
    answer: Promise<Resolution>,
  ): Promise<Route> {
    const failed = (failure: unknown) => this.#failed(message, recipient, failure)
    return this.#postponed(message, this.#routeOf(recipient, await answer.catch(failed)))
  }

  #failed({ id }: ActiveMessage, { address }: EnvelopeRecipient, failure: unknown): Resolution {
    const text = `${id}: address resolver failed for <${address}>: ${String(failure)}`
    this.#log.warning(text, { queueId: id, to: address })
    return { kind: 'temporary-failure' }
  }

  #routeOf(recipient: EnvelopeRecipient, resolution: Resolution): Route {
    const route = routeOf(recipient, resolution)
    if (resolution.kind !== 'route' || resolution.addressClass !== 'local') return route
    const { localPart } = splitAddress(route.recipient.address)
    const { doubleBounceSender } = this.#options
    if (localPart.toLowerCase() !== doubleBounceSender.toLowerCase()) return route
    const nexthop = 'undeliverable postmaster notification discarded'
    return { transport: DISCARDED, nexthop, recipient: route.recipient }
  }

  /**
   * Rows 4 to 7 of S-24, whatever was found before: mail that would be returned waits, too. Whether
   * a destination is dead, the scheduler knows.
   */
  #postponed(message: ActiveMessage, route: Route): Route {
    const { transport, recipient } = route
    const { envelope, overrideDefer, isMtaProbe } = message
    if (envelope.isForceExpired) {
      return retry(recipient, '4.7.0 message is administratively expired')
    }
    if (transport === DISCARDED) return route
    if (this.#deferTransports.has(transport) && !overrideDefer && !envelope.flush) {
      return retry(recipient, '4.3.2 deferred transport')
    }
    if (isMtaProbe && this.#probes() > this.#options.pendingProbeLimit) {
      return retry(recipient, '4.3.2 Too many address verification requests')
    }
    return route
  }
}

function isKnown(route: Route | Promise<Route>): route is Route {
  return !(route instanceof Promise)
}

/** In the order of domain, then of address. */
function precedes(one: EnvelopeRecipient, other: EnvelopeRecipient): boolean {
  const domain = lowerDomain(one)
  const otherDomain = lowerDomain(other)
  return domain === otherDomain ? one.address < other.address : domain < otherDomain
}

function lowerDomain({ address }: EnvelopeRecipient): string {
  return (splitAddress(address).domain ?? '').toLowerCase()
}

function routeOf(recipient: EnvelopeRecipient, resolution: Resolution): Route {
  if (resolution.kind !== 'route') {
    return resolution.kind === 'temporary-failure'
      ? retry(recipient, '4.3.0 address resolver failure')
      : error(recipient, '5.1.3 bad address syntax')
  }
  const { transport, nexthop } = resolution
  if (resolution.recipient === '') return error(recipient, '5.1.3 null recipient address')
  if (resolution.recipient === recipient.address) return { transport, nexthop, recipient }
  return { transport, nexthop, recipient: { ...recipient, address: resolution.recipient } }
}

function retry(recipient: EnvelopeRecipient, nexthop: string): Route {
  return { transport: 'retry', nexthop, recipient }
}

function error(recipient: EnvelopeRecipient, nexthop: string): Route {
  return { transport: 'error', nexthop, recipient }
}
