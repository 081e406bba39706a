export type { DnsClientOptions, DnsClientPorts, QueryOptions } from './dns-client.ts'
export { DnsClient } from './dns-client.ts'
export type {
  AddressRecord,
  CnameRecord,
  DnsRecord,
  DnsReply,
  FoundRecords,
  MxRecord,
  NoRecords,
  NsRecord,
  RecordType,
  RecordTypes,
  SrvRecord,
  TlsaRecord,
} from './dns-record.ts'
export type { NameServer, ResolvConf } from './resolv-conf.ts'
export { parseResolvConf } from './resolv-conf.ts'
export { ResolvConfFile } from './resolv-conf-file.ts'
export type { SearchOptions } from './search-names.ts'
export { systemDnsClient } from './system-client.ts'
export type { Transport, TransportEvents } from './transport.ts'
export { networkTransport } from './transport.ts'
