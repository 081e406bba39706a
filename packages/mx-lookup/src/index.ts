export type { AddressRecord, DnsResolver } from './dns-answer.ts'
export type { DnsClientOptions } from './dns-client.ts'
export type { NexthopErrorCode } from './errors.ts'
export { NexthopError } from './errors.ts'
export type { HostLookupOptions, NativeLookup, Protocol } from './host-lookup.ts'
export type { MailServer, OrderOptions, Random } from './mail-server.ts'
export { balanceFamilies, orderServers } from './mail-server.ts'
export type {
  FailedLookup,
  FoundServers,
  MxLookupOptions,
  MxLookupPorts,
  MxResult,
} from './mx-lookup.ts'
export { MxLookup } from './mx-lookup.ts'
export type { Nexthop, ServicePorts } from './nexthop.ts'
export { parseNexthop, splitNexthops } from './nexthop.ts'
export type { CacheOptions } from './query-cache.ts'
