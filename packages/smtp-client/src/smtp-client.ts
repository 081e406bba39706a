import { type Clock, systemClock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MxResult, Nexthop } from '@posthouse/mx-lookup'

import type { Connect } from './connection.ts'
import { Delivery, type DeliveryContext } from './delivery.ts'
import { discardList } from './ehlo.ts'
import { GenericMapping } from './generic-mapping.ts'
import { KnownDestinations } from './known-destinations.ts'
import { parameterNames } from './lmtp.ts'
import { completeDelivery, type SmtpMessage } from './message.ts'
import type { SmtpClientOptions } from './options.ts'
import type { SmtpReport } from './request.ts'
import { Authenticator } from './sasl/authenticate.ts'
import { labelScopes, type SessionCache } from './session-cache.ts'
import { socketConnector } from './socket-connector.ts'
import { systemLookup } from './system-lookup.ts'
import type { TlsaSource } from './tls/dane-policies.ts'
import { TlsEngine } from './tls/tls-engine.ts'
import { Watchdog } from './watchdog.ts'

/** What SmtpClient is given from outside. */
export interface SmtpClientPorts {
  /**
   * Finds the servers for a destination: `MxLookup.lookup` of @posthouse/mx-lookup. Default: asks
   * the name servers of this system, and does not know the addresses of this host.
   */
  readonly lookup?: ((nexthop: Nexthop) => MxResult | Promise<MxResult>) | undefined
  /** For the TLS levels `dane` and `dane-only`: `TlsaLookup.lookup` of @posthouse/mx-lookup. */
  readonly tlsa?: TlsaSource | undefined
  /** Where sessions are kept; without it every session ends with QUIT. The owner closes it. */
  readonly cache?: SessionCache | undefined
  /** Default: the time of this system. */
  readonly clock?: Clock | undefined
  /**
   * Messages of the process `smtp`, or `lmtp`. The line of each recipient is the caller's. Default:
   * nobody reads them.
   */
  readonly log?: Logger | undefined
  /** Default: `node:net` connect. A chunk that a socket reads need only be good for its event. */
  readonly connect?: Connect | undefined
}

/**
 * Delivers messages over SMTP (RFC 5321), or LMTP (RFC 2033), any number at a time: one outcome for
 * each recipient.
 *
 * Source: smtp(8); rules C-1 to C-122 and C-160 to C-175 as far as the README says.
 */
export class SmtpClient {
  readonly #context: DeliveryContext
  readonly #watchdog: Watchdog

  constructor(options: SmtpClientOptions, ports: SmtpClientPorts = {}) {
    const { tlsa, cache, clock = systemClock, log = NOBODY, connect = socketConnector() } = ports
    const lookup = ports.lookup ?? ownLookup(options, clock, log)
    const discard = discardList(options.discardEhloKeywords)
    const nameOf = parameterNames(options.lmtp)
    const tls = options.tls && new TlsEngine(options.tls, { tlsa, clock, log, nameOf })
    const sasl = options.sasl && new Authenticator(options.sasl, clock, log, nameOf)
    const { genericMap: map } = options
    const mapping = map && new GenericMapping(map, nameOf('smtp_generic_maps'), log)
    const destinations = new KnownDestinations({ options, lookup, log })
    const scopeOf = labelScopes(options)
    const given = { options, cache, clock, log, connect }
    this.#context = { ...given, destinations, scopeOf, discard, tls, sasl, mapping }
    this.#watchdog = new Watchdog(clock)
  }

  /**
   * Attempts one delivery. Rejects only on a bug: whatever the network and the servers do becomes
   * outcomes. After a crash in the middle the message may have been delivered.
   */
  deliver(message: SmtpMessage): Promise<SmtpReport> {
    const delivery = new Delivery(this.#context, completeDelivery(message))
    const running = delivery.run()
    this.#watchdog.watch(running, delivery.time)
    return running
  }

  /**
   * Resolves when the deliveries that are running now have ended, with the last words of their
   * sessions. Stops none of them.
   */
  close(): Promise<void> {
    return this.#watchdog.settled()
  }
}

const nothing = (): void => undefined
const NOBODY: Logger = { info: nothing, warning: nothing, error: nothing, fatal: nothing }

function ownLookup({ mxAddressLimit }: SmtpClientOptions, clock: Clock, log: Logger) {
  const lookup = systemLookup(mxAddressLimit, clock, log)
  return (nexthop: Nexthop): MxResult | Promise<MxResult> => lookup.lookup(nexthop)
}
