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

/** What finds servers. */
export interface LookupContext {
  readonly options: SmtpClientOptions
  readonly lookup: (nexthop: Nexthop) => MxResult | Promise<MxResult>
  readonly log: Logger
}

/** A destination that makes sense. */
export interface Destination {
  /** Domain, host, address or path, without brackets and port. */
  readonly domain: string
  /** Asks for its servers. */
  readonly lookup: () => MxResult | Promise<MxResult>
}

const SMTPS_PORT = 465

/** Where one request may go: its next hops, and after them the fallback relays (C-1 to C-6). */
export class Destinations {
  /** As written. Those of LMTP are without `inet:` or `unix:`. */
  readonly all: readonly string[]
  readonly #context: LookupContext
  readonly #queueId: string
  readonly #nexthops: readonly string[]
  readonly #path: string | undefined

  constructor(context: LookupContext, nexthop: string, queueId: string) {
    const { fallbackRelay, lmtp } = context.options
    this.#context = context
    this.#queueId = queueId
    this.#path = lmtp === undefined ? undefined : socketPath(nexthop)
    this.#nexthops =
      this.#path === undefined
        ? splitNexthops(lmtp === undefined ? nexthop : withoutInet(nexthop))
        : [this.#path]
    if (this.#path === undefined) {
      this.all = [...this.#nexthops, ...fallbackRelay]
      return
    }
    this.all = this.#nexthops
    if (fallbackRelay.length === 0) return
    const setting = `"lmtp_fallback_relay = ${fallbackRelay.join(', ')}"`
    context.log.warning(`ignoring ${setting} setting for non-TCP connections`, { queueId })
  }

  /** The first next hop of the request. */
  get first(): string | undefined {
    return this.#nexthops[0]
  }

  /** The parameter that a hard failure at this index speaks against (C-8); undefined: none. */
  culprit(index: number): string | undefined {
    if (index >= this.#nexthops.length) return 'smtp_fallback_relay'
    return this.first === this.#context.options.relayhost ? 'relayhost' : undefined
  }

  /** @throws {NexthopError} What was written is no destination: that was logged. */
  parse(text: string): Destination {
    const { options, lookup } = this.#context
    if (this.#path !== undefined) {
      const server = socketServer(this.#path, options.myhostname)
      return { domain: text, lookup: () => ({ kind: 'found', servers: [server], last: false }) }
    }
    const nexthop = this.#parseNexthop(text)
    this.#hintAtWrapperMode(nexthop)
    // LMTP goes to hosts: mail for a domain has found its way when it gets there.
    const asked = options.lmtp === undefined ? nexthop : { ...nexthop, mx: false }
    return { domain: nexthop.host, lookup: () => lookup(asked) }
  }

  #parseNexthop(text: string): Nexthop {
    const { options, log } = this.#context
    try {
      return parseNexthop(text, options)
    } catch (error) {
      if (error instanceof NexthopError) log.fatal(error.message, { queueId: this.#queueId })
      throw error
    }
  }

  /** C-5. */
  #hintAtWrapperMode({ port }: Nexthop): void {
    const { options, log } = this.#context
    const isWrapped = options.tls?.wrapperMode === true
    if (port !== SMTPS_PORT || isWrapped || !options.helpfulWarnings) return
    const nameOf = parameterNames(options.lmtp)
    log.info(
      'SMTPS wrappermode (TCP port 465) requires setting ' +
        `"${nameOf('smtp_tls_wrappermode')} = yes", ` +
        `and "${nameOf('smtp_tls_security_level')} = encrypt" (or stronger)`,
    )
  }
}
