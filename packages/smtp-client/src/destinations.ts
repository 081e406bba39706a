import type { Logger } from '@posthouse/mail-log'
import {
  type MxResult,
  type Nexthop,
  NexthopError,
  parseNexthop,
  splitNexthops,
} from '@posthouse/mx-lookup'

import { parameterNames, socketPath, socketServer, withoutInet } from './lmtp.ts'
import type { SmtpClientOptions } from './options.ts'
import { destinationLabel, type LabelScope } from './session-cache.ts'

/** What finds servers. */
export interface LookupContext {
  readonly options: SmtpClientOptions
  readonly lookup: (nexthop: Nexthop) => MxResult | Promise<MxResult>
  readonly log: Logger
}

/** A destination that makes sense. */
export interface Destination {
  /** As written. */
  readonly text: string
  /** Domain, host, address or path, without brackets and port. */
  readonly domain: string
  /** 0: it has none. */
  readonly port: number
  /** Asks for its servers. */
  readonly lookup: () => MxResult | Promise<MxResult>
}

const SMTPS_PORT = 465

/** Where requests with a next hop may go: its elements, then the fallback relays (C-1 to C-6). */
export class Destinations {
  readonly #context: LookupContext
  readonly #nexthops: readonly string[]
  readonly #path: string | undefined
  /** As written. Those of LMTP are without `inet:` or `unix:`. */
  readonly #all: readonly string[]
  readonly #read: Destination[] = []
  #scope: LabelScope | undefined
  #label = ''

  constructor(context: LookupContext, nexthop: string) {
    const { fallbackRelay, lmtp } = context.options
    this.#context = context
    this.#path = lmtp === undefined ? undefined : socketPath(nexthop)
    this.#nexthops =
      this.#path === undefined
        ? splitNexthops(lmtp === undefined ? nexthop : withoutInet(nexthop))
        : [this.#path]
    this.#all = this.#path === undefined ? [...this.#nexthops, ...fallbackRelay] : this.#nexthops
  }

  get count(): number {
    return this.#all.length
  }

  /** The first next hop of the request. */
  get first(): string | undefined {
    return this.#nexthops[0]
  }

  /** The label of sessions with the first destination (C-118). */
  label(scope: LabelScope): string {
    if (scope !== this.#scope) {
      this.#scope = scope
      this.#label = destinationLabel(scope, this.#all[0]!)
    }
    return this.#label
  }

  /** The parameter that a hard failure at this index speaks against (C-8); undefined: none. */
  culprit(index: number): string | undefined {
    if (index >= this.#nexthops.length) return 'smtp_fallback_relay'
    return this.first === this.#context.options.relayhost ? 'relayhost' : undefined
  }

  /** @throws {NexthopError} What was written is no destination: that was logged. */
  at(index: number, queueId: string): Destination {
    this.#read[index] ??= this.#destination(this.#all[index]!, queueId)
    const destination = this.#read[index]
    this.#hint(destination, queueId)
    return destination
  }

  #destination(text: string, queueId: string): Destination {
    const { options, lookup } = this.#context
    if (this.#path !== undefined) {
      const server = socketServer(this.#path, options.myhostname)
      const found: MxResult = { kind: 'found', servers: [server], last: false }
      return { text, domain: text, port: 0, lookup: () => found }
    }
    const nexthop = this.#parseNexthop(text, queueId)
    // LMTP goes to hosts: mail for a domain has found its way when it gets there.
    const asked = options.lmtp === undefined ? nexthop : { ...nexthop, mx: false }
    const { host: domain, port } = nexthop
    return { text, domain, port, lookup: () => lookup(asked) }
  }

  #parseNexthop(text: string, queueId: string): Nexthop {
    const { options, log } = this.#context
    try {
      return parseNexthop(text, options)
    } catch (error) {
      if (error instanceof NexthopError) log.fatal(error.message, { queueId })
      throw error
    }
  }

  /** Says, each time, what is to be said of the configuration: C-5, and fallback relays. */
  #hint({ port }: Destination, queueId: string): void {
    const { options, log } = this.#context
    const { fallbackRelay, lmtp } = options
    if (this.#path !== undefined && fallbackRelay.length > 0) {
      const setting = `"lmtp_fallback_relay = ${fallbackRelay.join(', ')}"`
      log.warning(`ignoring ${setting} setting for non-TCP connections`, { queueId })
    }
    const isWrapped = options.tls?.wrapperMode === true
    if (port !== SMTPS_PORT || isWrapped || !options.helpfulWarnings) return
    const nameOf = parameterNames(lmtp)
    log.info(
      'SMTPS wrappermode (TCP port 465) requires setting ' +
        `"${nameOf('smtp_tls_wrappermode')} = yes", ` +
        `and "${nameOf('smtp_tls_security_level')} = encrypt" (or stronger)`,
    )
  }
}
