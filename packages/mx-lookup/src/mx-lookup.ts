import { isIP } from 'node:net'

import type { Logger } from '@posthouse/mail-log'

import {
  type DnsAnswer,
  type DnsFailure,
  type DnsResolver,
  MAX_RECORDS,
  type QueryType,
  type RecordTypes,
} from './dns-answer.ts'
import { DnsLookup, type DnsLookupOptions } from './dns-lookup.ts'
import {
  HostLookup,
  type HostLookupOptions,
  type HostResult,
  type NativeLookup,
} from './host-lookup.ts'
import {
  balanceFamilies,
  type DnsTrail,
  type MailServer,
  type OrderOptions,
  orderServers,
  type Random,
} from './mail-server.ts'
import type { Nexthop } from './nexthop.ts'
import { OwnAddresses, withoutSelf } from './own-address.ts'
import { orderSrvRecords } from './srv-order.ts'
import { whenAllReady, whenReady } from './when-ready.ts'

/** How destinations become servers. Names in quotes are parameters of main.cf. */
export interface MxLookupOptions extends HostLookupOptions, OrderOptions, DnsLookupOptions {
  /** Addresses of this host: `inet_interfaces` expanded, and `proxy_interfaces` (C-21). */
  readonly ownAddresses: readonly string[]
  /** `ignore_mx_lookup_error`: falls back to the domain's own address (C-17). */
  readonly ignoreMxLookupError: boolean
  /** `smtp_defer_if_no_mx_address_found` (C-18). */
  readonly deferIfNoMxAddressFound: boolean
  /** `smtp_cname_overrides_servername`: servers are named by the end of CNAMEs (C-29). */
  readonly cnameOverridesServername: boolean
  /** `use_srv_lookup`: services of next hops that SRV records are looked up for (C-12). */
  readonly useSrvLookup: readonly string[]
  /** `allow_srv_lookup_fallback`: MX records, where SRV records lead nowhere (C-34). */
  readonly allowSrvLookupFallback: boolean
  /** `ignore_srv_lookup_error`: the same, where they could not be asked for. */
  readonly ignoreSrvLookupError: boolean
}

/** What MxLookup is given from outside. */
export interface MxLookupPorts {
  readonly resolver: DnsResolver
  /** Needed where `hostLookup` has `native` or DNS is disabled. */
  readonly nativeLookup?: NativeLookup | undefined
  readonly random: Random
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

const TARGETS_SIDE_BY_SIDE = 2

/** A name to ask for, and what its servers get from the record that has it. */
interface Target {
  readonly host: string
  readonly preference: number
  readonly port: number
  readonly route: Route
}

/** The records, of MX or SRV, that led to a target. */
type Route = Pick<DnsTrail, 'route' | 'domains'>

/** What is known of targets: servers in their order, or why there are none. */
type Targets = { readonly servers: readonly MailServer[] } | { readonly failures: Failures }
type Failures = readonly Exclude<HostResult, { kind: 'ok' }>[]
type Answered<Type extends QueryType> = Extract<DnsAnswer<RecordTypes[Type]>, { kind: 'ok' }>

/**
 * Finds the servers for a next hop: SRV and MX records, addresses, order, mail loops (C-10 to C-26,
 * C-34). What the resolver knows already is answered at once.
 */
export class MxLookup {
  readonly #options: MxLookupOptions
  readonly #dns: DnsLookup
  readonly #hosts: HostLookup
  readonly #own: OwnAddresses
  readonly #random: Random
  readonly #log: Logger

  constructor(options: MxLookupOptions, ports: MxLookupPorts) {
    const { resolver, nativeLookup, random, log } = ports
    this.#options = options
    this.#dns = new DnsLookup(resolver, options, log)
    this.#hosts = new HostLookup(options, this.#dns, nativeLookup, log)
    this.#own = new OwnAddresses(options.ownAddresses)
    this.#random = random
    this.#log = log
  }

  /** The servers for a destination; no promise where nobody must be asked. Never rejects. */
  lookup(nexthop: Nexthop): MxResult | Promise<MxResult> {
    const { protocols, dnsEnabled, useSrvLookup } = this.#options
    const { host, mx, service } = nexthop
    if (protocols.length === 0) return failed('4.4.4', 'all network protocols are disabled')
    const family = isIP(host)
    if (family !== 0) return this.#hostServers(nexthop, this.#hosts.numeric(host, family))
    if (!mx || !dnsEnabled) return this.#lookupHost(nexthop)
    return useSrvLookup.includes(service) ? this.#lookupSrv(nexthop) : this.#lookupMx(nexthop)
  }

  #lookupHost(nexthop: Nexthop): MxResult | Promise<MxResult> {
    const pending = this.#hosts.resolve(nexthop.host)
    return whenReady(pending, (result) => this.#hostServers(nexthop, result))
  }

  #lookupMx(nexthop: Nexthop): MxResult | Promise<MxResult> {
    return whenReady(this.#dns.mx(nexthop.host), (answer) => {
      if (answer.kind === 'ok') return this.#mxServers(nexthop, answer)
      return this.#implicitMx(answer) ? this.#lookupHost(nexthop) : dnsFailed(answer)
    })
  }

  /** Whether the domain's own address is looked up instead (C-17). */
  #implicitMx({ kind }: DnsFailure): boolean {
    if (kind === 'notfound') return true
    return this.#options.ignoreMxLookupError && kind !== 'nullmx' && kind !== 'policy'
  }

  #lookupSrv(nexthop: Nexthop): MxResult | Promise<MxResult> {
    const { host, service } = nexthop
    const { allowSrvLookupFallback, ignoreSrvLookupError } = this.#options
    const name = `_${service}._tcp.${host}`
    const giveUp = (failure: FailedLookup, isError: boolean) => {
      const fallsBack = allowSrvLookupFallback || (isError && ignoreSrvLookupError)
      if (!fallsBack) return failure
      this.#log.info(`skipping SRV lookup for ${name}: ${failure.text}`)
      return this.#lookupMx(nexthop)
    }
    return whenReady(this.#dns.srv(name), (answer) => {
      if (answer.kind !== 'ok') return giveUp(dnsFailed(answer), isLookupError(answer))
      return whenReady(this.#srvServers(nexthop, name, answer), (result) =>
        result.kind === 'failed' && !result.last ? giveUp(result, false) : result,
      )
    })
  }

  #hostServers({ host, port }: Nexthop, result: HostResult): MxResult {
    if (result.kind === 'failed') return failed(result.status, result.text)
    const target = { host, port, preference: 0, route: withoutRoute(host) }
    const found = this.#serversOf(target, result)
    const servers = found.length > MAX_RECORDS ? found.slice(0, MAX_RECORDS) : found
    if (port === MAIL_PORT && servers.some(({ address }) => this.#own.has(address)))
      return loop(host)
    return {
      kind: 'found',
      servers: orderServers(servers, this.#options, this.#random),
      last: false,
    }
  }

  #mxServers(nexthop: Nexthop, answer: Answered<'MX'>): MxResult | Promise<MxResult> {
    const { host: domain, port } = nexthop
    const route = routeOf(answer.secure, [domain, ...answer.items.map(({ name }) => name)])
    const targets = answer.items
      .map(({ exchange, preference }) => ({ host: exchange, preference, port, route }))
      .sort((a, b) => a.preference - b.preference)
    return whenReady(this.#resolve(targets), (found) => {
      if ('failures' in found) {
        this.#log.warning(`no MX host for ${domain} has a valid address record`)
        const result = noAddress(found.failures)
        const { deferIfNoMxAddressFound } = this.#options
        return deferIfNoMxAddressFound ? { ...result, status: soft(result.status) } : result
      }
      return this.#others(nexthop, targets, found.servers, (others) =>
        orderServers(others, this.#options, this.#random),
      )
    })
  }

  #srvServers(
    nexthop: Nexthop,
    name: string,
    answer: Answered<'SRV'>,
  ): MxResult | Promise<MxResult> {
    const route = routeOf(answer.secure, [nexthop.host])
    const records = orderSrvRecords(answer.items, this.#random)
    const targets = records.map(({ target, priority, port }) => {
      return { host: target, preference: priority, port, route }
    })
    return whenReady(this.#resolve(targets), (found) => {
      if ('failures' in found) {
        this.#log.warning(`no SRV host for ${name} has a valid address record`)
        return noAddress(found.failures)
      }
      const { balanceProtocols, addressLimit } = this.#options
      return this.#others(nexthop, targets, found.servers, (others) =>
        balanceProtocols ? balanceFamilies(others, addressLimit) : others,
      )
    })
  }

  /** A few at a time, so that no domain with many slow targets keeps others waiting. */
  #resolve(
    targets: readonly Target[],
    known: readonly HostResult[] = [],
  ): Targets | Promise<Targets> {
    const next = targets.slice(known.length, known.length + TARGETS_SIDE_BY_SIDE)
    if (next.length === 0) return this.#targetsOf(targets, known)
    const pending = next.map(({ host }) => this.#hosts.resolve(host))
    return whenAllReady(pending, (results) => this.#resolve(targets, [...known, ...results]))
  }

  #targetsOf(targets: readonly Target[], results: readonly HostResult[]): Targets {
    const servers: MailServer[] = []
    const failures: Exclude<HostResult, { kind: 'ok' }>[] = []
    for (const [index, result] of results.entries()) {
      if (result.kind === 'failed') failures.push(result)
      else servers.push(...this.#serversOf(targets[index]!, result))
    }
    return servers.length > 0 ? { servers: servers.slice(0, MAX_RECORDS) } : { failures }
  }

  #serversOf(
    { host, port, preference, route }: Target,
    { addresses }: Extract<HostResult, { kind: 'ok' }>,
  ): MailServer[] {
    const { cnameOverridesServername: byOwner, dnssec } = this.#options
    return addresses.map(({ address, family, owner, secure: isAddressSecure }) => {
      const server = { name: byOwner ? owner : host, address, family, port, preference }
      return dnssec ? { ...server, trail: { ...route, host, owner, isAddressSecure } } : server
    })
  }

  /** The servers that are better than this host (C-22), ordered. */
  #others(
    { host, port }: Nexthop,
    targets: readonly Target[],
    servers: readonly MailServer[],
    order: (others: readonly MailServer[]) => readonly MailServer[],
  ): MxResult {
    const others = port === MAIL_PORT ? withoutSelf(servers, this.#own) : servers
    if (others.length > 0) {
      return { kind: 'found', servers: order(others), last: others !== servers }
    }
    const bestResolved = servers[0]?.preference === targets[0]?.preference
    if (bestResolved) return loop(host)
    return { ...failed('4.4.4', `unable to find primary relay for ${host}`), last: true }
  }
}

function withoutRoute(host: string): Route {
  return { route: 'none', domains: [host] }
}

function routeOf(secure: boolean, domains: readonly string[]): Route {
  return { route: secure ? 'secure' : 'insecure', domains: [...new Set(domains)] }
}

/** The failures of all targets become one: a soft one keeps later ones soft (C-19). */
function noAddress(failures: Failures): FailedLookup {
  let status = ''
  let text = ''
  for (const failure of failures) {
    status = status.startsWith('4') ? failure.softStatus : failure.status
    text = failure.text
  }
  return failed(status, text)
}

function soft(status: string): string {
  return `4${status.slice(1)}`
}

function isLookupError({ kind }: DnsFailure): boolean {
  return kind === 'retry' || kind === 'fail' || kind === 'inval'
}

function failed(status: string, text: string): FailedLookup {
  return { kind: 'failed', status, text, last: false }
}

function loop(name: string): FailedLookup {
  return { ...failed('5.4.6', `mail for ${name} loops back to myself`), last: true }
}

/** The status of a failed MX or SRV lookup that ends the search (C-17, C-34). */
function dnsFailed({ kind, text }: DnsFailure): FailedLookup {
  switch (kind) {
    case 'retry':
      return failed('4.4.3', text)
    case 'fail':
      return failed('5.4.3', text)
    case 'nullmx':
    case 'nullsrv':
      return failed('5.1.0', text)
    case 'policy':
      return failed('4.7.0', text)
    case 'inval':
    case 'notfound':
      return failed('5.4.4', text)
  }
}
