import { isIP } from 'node:net'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { type DnsFailure, type DnsResolver, MAX_RECORDS } from './dns-answer.ts'
import { DnsClient, type DnsClientOptions, type MxRecord } from './dns-client.ts'
import {
  HostLookup,
  type HostLookupOptions,
  type HostResult,
  type NativeLookup,
} from './host-lookup.ts'
import { type MailServer, type OrderOptions, orderServers, type Random } from './mail-server.ts'
import type { Nexthop } from './nexthop.ts'
import { OwnAddresses, withoutSelf } from './own-address.ts'

/** How destinations become servers. Names in quotes are parameters of main.cf. */
export interface MxLookupOptions extends HostLookupOptions, OrderOptions, DnsClientOptions {
  /** Addresses of this host: `inet_interfaces` expanded, and `proxy_interfaces` (C-21). */
  readonly ownAddresses: readonly string[]
  /** `ignore_mx_lookup_error`: falls back to the domain's own address (C-17). */
  readonly ignoreMxLookupError: boolean
  /** `smtp_defer_if_no_mx_address_found` (C-18). */
  readonly deferIfNoMxAddressFound: boolean
}

/** What MxLookup is given from outside. */
export interface MxLookupPorts {
  readonly resolver: DnsResolver
  /** Needed where `hostLookup` has `native` or DNS is disabled. */
  readonly nativeLookup?: NativeLookup | undefined
  readonly random: Random
  readonly clock: Clock
  readonly log: Logger
}

/** Servers for a destination, in the order to try them; at least one. */
export interface FoundServers {
  readonly kind: 'found'
  readonly servers: readonly MailServer[]
  /** This host is in the MX list, so no other destination may be tried after this one (C-7). */
  readonly last: boolean
}

/** There is nobody to ask. */
export interface FailedLookup {
  readonly kind: 'failed'
  /** Enhanced status code, class 4 or 5. */
  readonly status: string
  /** The reason, a text of C-108. */
  readonly text: string
  /** The mail would loop or this host is an exchanger: no other destination may be tried (C-7). */
  readonly last: boolean
}

/** The outcome of a lookup. */
export type MxResult = FoundServers | FailedLookup

// Own addresses matter only where this host could be listening for mail (C-20).
const MAIL_PORT = 25

/**
 * Finds the servers for a next hop: MX records, addresses, order, mail loops (C-10 to C-26).
 * DNS answers are cached by their TTL, and lookups of one name at one time share a query.
 */
export class MxLookup {
  readonly #options: MxLookupOptions
  readonly #dns: DnsClient
  readonly #hosts: HostLookup
  readonly #own: OwnAddresses
  readonly #random: Random
  readonly #log: Logger

  constructor(options: MxLookupOptions, ports: MxLookupPorts) {
    const { resolver, nativeLookup, random, clock, log } = ports
    this.#options = options
    this.#dns = new DnsClient(resolver, options, clock, log)
    this.#hosts = new HostLookup(options, this.#dns, nativeLookup, log)
    this.#own = new OwnAddresses(options.ownAddresses)
    this.#random = random
    this.#log = log
  }

  /** The servers for one destination; for an address, without waiting. Never rejects. */
  lookup(nexthop: Nexthop): MxResult | Promise<MxResult> {
    const { protocols, dnsEnabled } = this.#options
    if (protocols.length === 0) return failed('4.4.4', 'all network protocols are disabled')
    if (isIP(nexthop.host) !== 0) {
      return this.#hostServers(nexthop, this.#hosts.numeric(nexthop.host))
    }
    return nexthop.mx && dnsEnabled ? this.#lookupMx(nexthop) : this.#lookupHost(nexthop)
  }

  async #lookupHost(nexthop: Nexthop): Promise<MxResult> {
    return this.#hostServers(nexthop, await this.#hosts.resolve(nexthop.host))
  }

  async #lookupMx(nexthop: Nexthop): Promise<MxResult> {
    const answer = await this.#dns.mx(nexthop.host)
    if (answer.kind === 'ok') return this.#mxServers(nexthop, answer.items)
    const implicit =
      answer.kind === 'notfound' || (answer.kind !== 'nullmx' && this.#options.ignoreMxLookupError)
    return implicit ? this.#lookupHost(nexthop) : mxFailure(answer)
  }

  #hostServers({ host, port }: Nexthop, result: HostResult): MxResult {
    if (result.kind === 'failed') return failed(result.status, result.text)
    const servers = result.addresses
      .slice(0, MAX_RECORDS)
      .map(({ address, family }) => ({ name: host, address, family, port, preference: 0 }))
    if (port === MAIL_PORT && servers.some(({ address }) => this.#own.has(address)))
      return loop(host)

    const families = this.#options.protocols.length
    const addressPreference = families > 1 ? this.#options.addressPreference : 'any'
    const ordered = orderServers(servers, { ...this.#options, addressPreference }, this.#random)
    return { kind: 'found', servers: ordered, last: false }
  }

  async #mxServers(nexthop: Nexthop, records: readonly MxRecord[]): Promise<MxResult> {
    const { host: domain, port } = nexthop
    const sorted = records.toSorted((a, b) => a.preference - b.preference)
    const results = await Promise.all(sorted.map(({ host }) => this.#hosts.resolve(host)))
    const servers: MailServer[] = []
    for (const [index, result] of results.entries()) {
      if (result.kind === 'failed') continue
      const { host, preference } = sorted[index]!
      for (const { address, family } of result.addresses) {
        if (servers.length === MAX_RECORDS) break
        servers.push({ name: host, address, family, port, preference })
      }
    }
    if (servers.length === 0) return this.#noMxAddress(domain, results)

    const others = port === MAIL_PORT ? withoutSelf(servers, this.#own) : servers
    if (others.length === 0) {
      const bestResolved = servers[0]?.preference === sorted[0]?.preference
      if (bestResolved) return loop(domain)
      return { ...failed('4.4.4', `unable to find primary relay for ${domain}`), last: true }
    }
    const ordered = orderServers(others, this.#options, this.#random)
    return { kind: 'found', servers: ordered, last: others !== servers }
  }

  #noMxAddress(domain: string, results: readonly HostResult[]): FailedLookup {
    this.#log.warning(`no MX host for ${domain} has a valid address record`)
    let status = ''
    let text = ''
    for (const result of results) {
      if (result.kind !== 'failed') continue
      status = status.startsWith('4') ? result.softStatus : result.status
      text = result.text
    }
    if (this.#options.deferIfNoMxAddressFound) status = `4${status.slice(1)}`
    return failed(status, text)
  }
}

function failed(status: string, text: string): FailedLookup {
  return { kind: 'failed', status, text, last: false }
}

function loop(name: string): FailedLookup {
  return { ...failed('5.4.6', `mail for ${name} loops back to myself`), last: true }
}

/** The status of a failed MX lookup that ends the search (C-17). */
function mxFailure({ kind, text }: DnsFailure): FailedLookup {
  switch (kind) {
    case 'retry':
      return failed('4.4.3', text)
    case 'fail':
      return failed('5.4.3', text)
    case 'nullmx':
      return failed('5.1.0', text)
    case 'inval':
    case 'notfound':
      return failed('5.4.4', text)
  }
}
