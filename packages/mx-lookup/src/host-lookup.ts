import { isIP } from 'node:net'

import type { Logger } from '@posthouse/mail-log'

import type { DnsFailure, FailureKind } from './dns-answer.ts'
import type { DnsLookup } from './dns-lookup.ts'
import { whenAllReady } from './when-ready.ts'

/** An address family, as `inet_protocols` names it. */
export type Protocol = 'ipv4' | 'ipv6'

/** One address of a host. */
export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
  /** Name that the address belongs to: the host, or the end of its CNAMEs. */
  readonly owner: string
  /** Whether DNSSEC has validated it, CNAMEs included. */
  readonly secure: boolean
}

/** Asks the system instead of DNS: `node:dns/promises` lookup with `{ all: true }`. */
export type NativeLookup = (host: string) => Promise<readonly { address: string; family: number }[]>

/** Why a host has no address, and the digits of its status code (C-19). */
export interface HostFailure {
  readonly kind: 'failed'
  /** Status when nothing failed softly before, such as `5.4.4`. */
  readonly status: string
  /** Status after a soft error of the same destination. */
  readonly softStatus: string
  readonly text: string
}

/** The addresses of a host, in the order of the answers. */
export type HostResult =
  | { readonly kind: 'ok'; readonly addresses: readonly HostAddress[] }
  | HostFailure

// C-16.
const STRENGTH: readonly FailureKind[] = [
  'notfound',
  'nullsrv',
  'nullmx',
  'fail',
  'inval',
  'retry',
  'policy',
]

/** How hosts become addresses. */
export interface HostLookupOptions {
  /** `inet_protocols`: the families to use, in this order. */
  readonly protocols: readonly Protocol[]
  /** `smtp_host_lookup`: DNS goes first; native only after "not found" (C-11). */
  readonly hostLookup: readonly ('dns' | 'native')[]
  /** False for `smtp_dns_support_level = disabled`: no MX lookup, hosts by native lookup only. */
  readonly dnsEnabled: boolean
}

/** Finds the addresses of a host name, in DNS, natively or both (C-11, C-16, C-19). */
export class HostLookup {
  readonly #options: HostLookupOptions
  readonly #dns: DnsLookup
  readonly #native: NativeLookup | undefined
  readonly #log: Logger

  constructor(
    options: HostLookupOptions,
    dns: DnsLookup,
    native: NativeLookup | undefined,
    log: Logger,
  ) {
    this.#options = options
    this.#dns = dns
    this.#native = native
    this.#log = log
  }

  /** The addresses of `host`; a numeric host is its own address if its family is enabled. */
  resolve(host: string): HostResult | Promise<HostResult> {
    const family = isIP(host)
    if (family !== 0) return this.numeric(host, family)
    const { dnsEnabled, hostLookup } = this.#options
    const methods = dnsEnabled ? hostLookup : ['native']
    if (!methods.includes('dns')) return this.#askSystem(host)
    return this.#askDns(host, methods.includes('native'))
  }

  /** The result for an address, without any lookup. */
  numeric(address: string, version: number): HostResult {
    const family = version === 6 ? 6 : 4
    if (this.#enabled(family))
      return { kind: 'ok', addresses: [{ address, family, owner: address, secure: false }] }
    return onlyDisabledFamilies(address)
  }

  #askDns(host: string, thenNative: boolean): HostResult | Promise<HostResult> {
    const { protocols } = this.#options
    const pending = protocols.map((protocol) =>
      this.#dns.addresses(host, protocol === 'ipv4' ? 'A' : 'AAAA'),
    )
    return whenAllReady(pending, (answers) => {
      const addresses: HostAddress[] = []
      let worst: DnsFailure | undefined
      for (const [index, answer] of answers.entries()) {
        if (answer.kind === 'ok') {
          const family = protocols[index] === 'ipv4' ? 4 : 6
          for (const { address, name } of answer.items) {
            addresses.push({ address, family, owner: name, secure: answer.secure })
          }
        } else if (worst === undefined || strength(answer) >= strength(worst)) {
          worst = answer
        }
      }
      if (addresses.length > 0) return { kind: 'ok', addresses }
      if (worst?.kind === 'notfound' && thenNative) return this.#askSystem(host)
      return dnsHostFailure(worst!) // There is a protocol, and it gave no address.
    })
  }

  async #askSystem(host: string): Promise<HostResult> {
    if (this.#native === undefined) return nativeFailure(host, 'no native lookup', '4.3.0', '4.3.0')
    let found: readonly { address: string; family: number }[]
    try {
      found = await this.#native(host)
    } catch (error) {
      return nativeError(host, error)
    }
    const addresses: HostAddress[] = []
    for (const { address, family } of found) {
      if ((family === 4 || family === 6) && this.#enabled(family))
        addresses.push({ address, family, owner: host, secure: false })
      else this.#log.info(`skipping address family ${family} for host ${host}`)
    }
    return addresses.length > 0 ? { kind: 'ok', addresses } : onlyDisabledFamilies(host)
  }

  #enabled(family: 4 | 6): boolean {
    return this.#options.protocols.includes(family === 4 ? 'ipv4' : 'ipv6')
  }
}

function strength(failure: DnsFailure): number {
  return STRENGTH.indexOf(failure.kind)
}

/** The status of a failed DNS address lookup (C-19). */
function dnsHostFailure({ kind, text }: DnsFailure): HostFailure {
  switch (kind) {
    case 'retry':
      return { kind: 'failed', status: '4.4.3', softStatus: '4.4.3', text }
    case 'fail':
      return { kind: 'failed', status: '5.4.3', softStatus: '4.4.3', text }
    case 'policy':
      return { kind: 'failed', status: '4.7.0', softStatus: '4.7.0', text }
    case 'inval':
    case 'notfound':
    case 'nullmx':
    case 'nullsrv':
      return { kind: 'failed', status: '5.4.4', softStatus: '4.4.4', text }
  }
}

function onlyDisabledFamilies(host: string): HostFailure {
  const text = `${host}: host not found`
  return { kind: 'failed', status: '5.4.4', softStatus: '4.4.4', text }
}

function nativeError(host: string, error: unknown): HostFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOTFOUND':
      return nativeFailure(host, 'Name or service not known', '5.4.4', '4.4.4')
    case 'EAI_AGAIN':
      return nativeFailure(host, 'Temporary failure in name resolution', '4.4.4', '4.4.4')
    case 'EAI_FAIL':
      return nativeFailure(host, 'Non-recoverable failure in name resolution', '5.3.0', '4.3.0')
    default:
      // Memory, descriptors, threads: nothing that the recipient could be blamed for.
      return nativeFailure(host, String(code ?? 'system error'), '4.3.0', '4.3.0')
  }
}

function nativeFailure(
  host: string,
  message: string,
  status: string,
  softStatus: string,
): HostFailure {
  return { kind: 'failed', status, softStatus, text: `unable to look up host ${host}: ${message}` }
}
