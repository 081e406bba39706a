import type { Config } from '@posthouse/config'
import type { MxLookupOptions, Protocol } from '@posthouse/mx-lookup'

// Bounds of what Postfix leaves to the name server.
const CACHE = {
  cacheMaxNames: 10_000,
  cacheMaxTtlMs: 3_600_000,
  cacheNegativeTtlMs: 10_000,
  cacheMxTtlMs: 300_000,
}

/** smtp(8): from next hops to servers. */
export function mxLookupOptions(config: Config, ownAddresses: readonly string[]): MxLookupOptions {
  const lookups = config.smtp_host_lookup
  return {
    ...CACHE,
    protocols: enabledProtocols(config),
    hostLookup: (['dns', 'native'] as const).filter((method) => lookups.includes(method)),
    dnsEnabled: dnsSupport(config) !== 'disabled',
    ownAddresses,
    ignoreMxLookupError: config.ignore_mx_lookup_error,
    deferIfNoMxAddressFound: config.smtp_defer_if_no_mx_address_found,
    randomizeAddresses: config.smtp_randomize_addresses,
    addressPreference: addressPreference(config),
    balanceProtocols: config.smtp_balance_inet_protocols,
    addressLimit: config.smtp_mx_address_limit,
  }
}

/** `inet_protocols`: the families that are on. */
export function enabledProtocols(config: Config): Protocol[] {
  const words = config.inet_protocols
  return (['ipv6', 'ipv4'] as const).filter((name) => words.includes(name) || words.includes('all'))
}

function dnsSupport(config: Config): string {
  const fallback = config.disable_dns_lookups ? 'disabled' : 'enabled'
  return config.smtp_dns_support_level || fallback
}

function addressPreference(config: Config): MxLookupOptions['addressPreference'] {
  const value = config.smtp_address_preference
  return value === 'ipv4' || value === 'ipv6' ? value : 'any'
}
