import type { Logger } from '@posthouse/mail-log'

import type { DomainClassifier } from './domain-classifier.ts'
import { AddressResolverError } from './errors.ts'
import type { Lookup, LookupTable } from './lookup.ts'
import type { AddressClass } from './resolution.ts'
import { findAddress, findTransport, notEmpty, type RoutingTables } from './routing-tables.ts'
import { overrideRoute, parseTransportValue, type TransportValue } from './transport-value.ts'

/** The main.cf parameters that name transports and next hops. */
export interface RouterOptions {
  readonly myorigin: string
  /** `local_transport`; its default `local:$myhostname` gives all local mail one next hop. */
  readonly localTransport: string
  /** `virtual_transport`. */
  readonly virtualTransport: string
  /** `relay_transport`. */
  readonly relayTransport: string
  /** `default_transport`. */
  readonly defaultTransport: string
  /** `relayhost`: next hop of the classes relay and default; empty: the recipient's domain. */
  readonly relayhost: string
  /** `show_user_unknown_table_name`. */
  readonly showUserUnknownTableName: boolean
}

const DSN_AND_TEXT = /^[45]\.\d{1,3}\.\d{1,3}[ \t]+\S/
const DUNNO = /^dunno$/i

/** Chooses transport and next hop of a domain whose class is known (`G-146`..`G-150`). */
export class Router {
  readonly #options: RouterOptions
  readonly #tables: RoutingTables | undefined
  readonly #classifier: DomainClassifier
  readonly #log: Logger

  constructor(
    options: RouterOptions,
    tables: RoutingTables | undefined,
    classifier: DomainClassifier,
    log: Logger,
  ) {
    this.#options = options
    this.#tables = tables
    this.#classifier = classifier
    this.#log = log
  }

  /** By class, sender and main.cf; undefined, with a warning, when the transport has no name. */
  *baseRoute(
    addressClass: AddressClass,
    domain: string,
    sender: string,
  ): Lookup<TransportValue | undefined> {
    const { localTransport, virtualTransport, relayTransport } = this.#options
    switch (addressClass) {
      case 'alias':
        return { transport: 'error', nexthop: this.#unknownUser() }
      case 'local':
        return this.#named('local_transport', localTransport, domain)
      case 'virtual':
        return this.#named('virtual_transport', virtualTransport, domain)
      case 'relay':
        return this.#named('relay_transport', relayTransport, yield* this.#relay(sender, domain))
      case 'default':
        return yield* this.#defaultRoute(sender, domain)
    }
  }

  /** What `transport_maps` and `relocated_maps` make of it. */
  *override(
    base: TransportValue,
    addressClass: AddressClass,
    recipient: string,
    domain: string,
  ): Lookup<TransportValue> {
    const tables = this.#tables
    if (tables === undefined) return base
    let route = base
    if (tables.transportMaps !== undefined && addressClass !== 'alias') {
      const result = yield* findTransport(tables.transportMaps, tables, recipient)
      const text = notEmpty('transport_maps', result)
      if (text !== undefined) route = overrideRoute(base, text, domain)
    }
    if (tables.relocatedMaps === undefined) return route
    const moved = yield* this.#find('relocated_maps', tables.relocatedMaps, recipient)
    const text = notEmpty('relocated_maps', moved)
    return text === undefined ? route : { transport: 'error', nexthop: this.#movedText(text) }
  }

  *#defaultRoute(sender: string, domain: string): Lookup<TransportValue | undefined> {
    const parameter = 'sender_dependent_default_transport_maps'
    const own = yield* this.#bySender(
      parameter,
      this.#tables?.senderDependentDefaultTransportMaps,
      sender || (this.#tables?.emptyAddressDefaultTransportMapsLookupKey ?? ''),
    )
    const nexthop = yield* this.#relay(sender, domain)
    if (own !== undefined) return this.#named(parameter, own, nexthop)
    return this.#named('default_transport', this.#options.defaultTransport, nexthop)
  }

  /** The next hop of classes relay and default, before a transport overrides it (`G-147`). */
  *#relay(sender: string, domain: string): Lookup<string> {
    const own = yield* this.#bySender(
      'sender_dependent_relayhost_maps',
      this.#tables?.senderDependentRelayhostMaps,
      sender || (this.#tables?.emptyAddressRelayhostMapsLookupKey ?? ''),
    )
    return own ?? (this.#options.relayhost || domain)
  }

  *#bySender(
    parameter: string,
    table: LookupTable | undefined,
    key: string,
  ): Lookup<string | undefined> {
    if (table === undefined || key === '') return undefined
    const result = yield* this.#find(parameter, table, key)
    if (result === '') this.#log.warning(`${parameter}: ignoring null lookup result for ${key}`)
    return result === undefined || result === '' || DUNNO.test(result) ? undefined : result
  }

  #find(parameter: string, table: LookupTable, address: string): Lookup<string | undefined> {
    const myorigin = this.#options.myorigin.toLowerCase()
    return findAddress(
      parameter,
      table,
      address,
      this.#tables?.recipientDelimiter ?? '',
      (domain) => domain.toLowerCase() === myorigin || this.#classifier.isLocal(domain),
    )
  }

  #named(parameter: string, value: string, nexthop: string): TransportValue | undefined {
    const named = parseTransportValue(value)
    if (named.transport === '') {
      this.#log.warning(`parameter ${parameter}: null transport is not allowed`)
      return undefined
    }
    return { transport: named.transport, nexthop: named.nexthop || nexthop }
  }

  #unknownUser(): string {
    return this.#options.showUserUnknownTableName
      ? '5.1.1 User unknown in virtual alias table'
      : '5.1.1 User unknown'
  }

  #movedText(result: string): string {
    if (this.#tables?.relocatedPrefixEnable !== false) return `5.1.6 User has moved to ${result}`
    if (DSN_AND_TEXT.test(result)) return result
    throw new AddressResolverError('lookup', 'expected a status code and a text', {
      parameter: 'relocated_maps',
    })
  }
}
