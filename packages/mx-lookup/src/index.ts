export { MX_LOOKUP_DEFAULTS } from './default-options.ts'
export type { DnsReply, DnsResolver, QueryOptions, QueryType, RecordTypes } from './dns-answer.ts'
export type { DnsLookupOptions } from './dns-lookup.ts'
export type { ProbeQuestion } from './dnssec-probe.ts'
export type { NexthopErrorCode } from './errors.ts'
export { NexthopError } from './errors.ts'
export type { HostLookupOptions, NativeLookup, Protocol } from './host-lookup.ts'
export type { DnsTrail, MailServer, OrderOptions, Random } from './mail-server.ts'
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
export type { FilterAction, ReplyFilter } from './reply-filter.ts'
export type { TlsaLookupOptions, TlsaResult } from './tlsa-lookup.ts'
export { TlsaLookup } from './tlsa-lookup.ts'
