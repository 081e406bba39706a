import { connect as netConnect } from 'node:net'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MxResult, Nexthop } from '@posthouse/mx-lookup'

import type { Connect } from './connection.ts'
import { Delivery, type DeliveryContext } from './delivery.ts'
import { discardList } from './ehlo.ts'
import { GenericMapping } from './generic-mapping.ts'
import { parameterNames } from './lmtp.ts'
import type { SmtpClientOptions } from './options.ts'
import type { SmtpDelivery, SmtpReport } from './request.ts'
import { Authenticator } from './sasl/authenticate.ts'
import type { SessionCache } from './session-cache.ts'
import type { TlsaSource } from './tls/dane-policies.ts'
import { TlsEngine } from './tls/tls-engine.ts'

/** What SmtpClient is given from outside. */
export interface SmtpClientPorts {
  /** Finds the servers for a destination: `MxLookup.lookup` of @posthouse/mx-lookup. */
  readonly lookup: (nexthop: Nexthop) => MxResult | Promise<MxResult>
  /** For the TLS levels `dane` and `dane-only`: `TlsaLookup.lookup` of @posthouse/mx-lookup. */
  readonly tlsa?: TlsaSource | undefined
  /** Where sessions are kept; without it every session ends with QUIT. The owner closes it. */
  readonly cache?: SessionCache | undefined
  readonly clock: Clock
  /** Messages of the process `smtp`, or `lmtp`. The line of each recipient is the caller's. */
  readonly log: Logger
  /** Default: `node:net` connect. */
  readonly connect?: Connect | undefined
}

/**
 * Delivers messages over SMTP (RFC 5321), or LMTP (RFC 2033), any number at a time: one outcome for
 * each recipient.
 *
 * Source: smtp(8); rules C-1 to C-122 and C-160 to C-174 as far as the README says.
 */
export class SmtpClient {
  readonly #context: DeliveryContext
  readonly #running = new Set<Promise<SmtpReport>>()

  constructor(options: SmtpClientOptions, ports: SmtpClientPorts) {
    const { lookup, tlsa, cache, clock, log, connect = connectSocket } = ports
    const discard = discardList(options.discardEhloKeywords)
    const nameOf = parameterNames(options.lmtp)
    const tls = options.tls && new TlsEngine(options.tls, { tlsa, clock, log, nameOf })
    const sasl = options.sasl && new Authenticator(options.sasl, clock, log, nameOf)
    const { genericMap: map } = options
    const mapping = map && new GenericMapping(map, nameOf('smtp_generic_maps'), log)
    this.#context = { options, discard, tls, sasl, mapping, lookup, cache, clock, log, connect }
  }

  /**
   * Attempts one delivery. Rejects only on a bug: whatever the network and the servers do becomes
   * outcomes. After a crash in the middle the message may have been delivered.
   */
  deliver(delivery: SmtpDelivery): Promise<SmtpReport> {
    const running = new Delivery(this.#context, delivery).run()
    this.#running.add(running)
    const forget = (): void => void this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  /** Resolves when the deliveries that are running now have ended. Stops none of them. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}

// One address is tried at a time, and the families have their order already.
const connectSocket: Connect = (host, port, localAddress) => {
  if (port === 0) return netConnect(host)
  const options = { host, port, autoSelectFamily: false, noDelay: true }
  return netConnect(localAddress === undefined ? options : { ...options, localAddress })
}
