import type { MxLookupOptions } from './mx-lookup.ts'

/** What smtp(8) does by default, for a host that has no mail addresses of its own. */
export const MX_LOOKUP_DEFAULTS: MxLookupOptions = {
  protocols: ['ipv4', 'ipv6'],
  hostLookup: ['dns'],
  dnsEnabled: true,
  dnssec: false,
  resolverOptions: [],
  ownAddresses: [],
  ignoreMxLookupError: false,
  deferIfNoMxAddressFound: false,
  cnameOverridesServername: false,
  useSrvLookup: [],
  allowSrvLookupFallback: false,
  ignoreSrvLookupError: false,
  randomizeAddresses: true,
  addressPreference: 'any',
  balanceProtocols: true,
  addressLimit: 5,
}
