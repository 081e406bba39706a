import type { Logger } from '@posthouse/mail-log'

import { AddressResolverError } from './errors.ts'
import type { Lookup } from './lookup.ts'
import type { AddressClass } from './resolution.ts'
import { type AddressTable, ask, type RoutingTables } from './routing-tables.ts'
import { overrideRoute, parseTransportValue, type TransportValue } from './transport-value.ts'

/** The main.cf parameters that name transports and next hops. */
export interface RouterOptions {
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

/** What names the transport of a class, and which parameter that is of. */
export interface NamedTransport {
  readonly parameter: string
  /** `transport` or `transport:nexthop`. */
  readonly value: string
}

const DSN_AND_TEXT = /^[45]\.\d{1,3}\.\d{1,3}[ \t]+\S/
const DUNNO = /^dunno$/i

/** Chooses transport and next hop of a domain whose class is known (`G-146`..`G-150`). */
export class Router {
  readonly #options: RouterOptions
  readonly #tables: RoutingTables | undefined
  readonly #log: Logger

  constructor(options: RouterOptions, tables: RoutingTables | undefined, log: Logger) {
    this.#options = options
    this.#tables = tables
    this.#log = log
  }

  /** By class, and for the class default by sender. */
  *transportFor(addressClass: AddressClass, sender: string): Lookup<NamedTransport> {
    const options = this.#options
    switch (addressClass) {
      case 'alias':
        return { parameter: 'virtual_alias_domains', value: `error:${this.#unknownUser()}` }
      case 'local':
        return { parameter: 'local_transport', value: options.localTransport }
      case 'virtual':
        return { parameter: 'virtual_transport', value: options.virtualTransport }
      case 'relay':
        return { parameter: 'relay_transport', value: options.relayTransport }
      case 'default':
        return yield* this.#defaultTransport(sender)
    }
  }

  /** With its next hop; undefined, with a warning, when the transport has no name (`G-148`). */
  *baseRoute(
    { parameter, value }: NamedTransport,
    addressClass: AddressClass,
    domain: string,
    sender: string,
  ): Lookup<TransportValue | undefined> {
    const isRelayed = addressClass === 'relay' || addressClass === 'default'
    const nexthop = isRelayed ? yield* this.#relay(sender, domain) : domain
    const named = parseTransportValue(value)
    if (named.transport === '') {
      this.#log.warning(`parameter ${parameter}: null transport is not allowed`)
      return undefined
    }
    return { transport: named.transport, nexthop: named.nexthop || nexthop }
  }

  /** What `transport_maps` and `relocated_maps` make of it. */
  *override(
    base: TransportValue,
    addressClass: AddressClass,
    recipient: string,
    domain: string,
  ): Lookup<TransportValue> {
    const { transportMaps, relocatedMaps } = this.#tables ?? {}
    let route = base
    if (transportMaps !== undefined && addressClass !== 'alias') {
      const text = yield* ask('transport_maps', transportMaps, recipient)
      if (text !== undefined) route = overrideRoute(base, text, domain)
    }
    if (relocatedMaps === undefined) return route
    const text = yield* ask('relocated_maps', relocatedMaps, recipient)
    return text === undefined ? route : { transport: 'error', nexthop: this.#movedText(text) }
  }

  *#defaultTransport(sender: string): Lookup<NamedTransport> {
    const parameter = 'sender_dependent_default_transport_maps'
    const own = yield* bySender(
      parameter,
      this.#tables?.senderDependentDefaultTransportMaps,
      sender || (this.#tables?.emptyAddressDefaultTransportMapsLookupKey ?? ''),
    )
    if (own !== undefined) return { parameter, value: own }
    return { parameter: 'default_transport', value: this.#options.defaultTransport }
  }

  /** The next hop of classes relay and default, before a transport overrides it (`G-147`). */
  *#relay(sender: string, domain: string): Lookup<string> {
    const own = yield* bySender(
      'sender_dependent_relayhost_maps',
      this.#tables?.senderDependentRelayhostMaps,
      sender || (this.#tables?.emptyAddressRelayhostMapsLookupKey ?? ''),
    )
    return own ?? (this.#options.relayhost || domain)
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

function* bySender(
  parameter: string,
  table: AddressTable | undefined,
  sender: string,
): Lookup<string | undefined> {
  if (table === undefined || sender === '') return undefined
  const result = yield* ask(parameter, table, sender)
  return result === undefined || DUNNO.test(result) ? undefined : result
}
