import { memoryLogger } from '@posthouse/mail-log'
import { type DnsResolver, MxLookup, parseNexthop } from '@posthouse/mx-lookup'

const knownTcpPorts = new Map(Object.entries({ smtp: 25, submission: 587 }))
const ports = { defaultService: 'smtp', knownTcpPorts }

// In production: new DnsClient() of @posthouse/dns-client.
const zone = new Map<string, object[]>([
  [
    'MX example.com',
    [
      { name: 'example.com', ttl: 300, preference: 20, exchange: 'backup.example' },
      { name: 'example.com', ttl: 300, preference: 10, exchange: 'mx.example' },
    ],
  ],
  ['A mx.example', [{ name: 'mx.example', ttl: 300, address: '192.0.2.1' }]],
  ['A backup.example', [{ name: 'backup.example', ttl: 300, address: '192.0.2.2' }]],
])
const resolver = {
  query: (name: string, type: string) => {
    const records = zone.get(`${type} ${name}`)
    return records === undefined
      ? { kind: 'nxdomain', name }
      : { kind: 'found', records, dropped: 0 }
  },
} as DnsResolver

const lookup = new MxLookup(
  {
    protocols: ['ipv4'],
    hostLookup: ['dns'],
    dnsEnabled: true,
    dnssec: false,
    resolverOptions: [],
    ownAddresses: ['127.0.0.1'],
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
  },
  { resolver, random: Math.random, log: memoryLogger().logger },
)

for (const nexthop of ['example.com', '[192.0.2.9]:submission', 'nowhere.example']) {
  const result = await lookup.lookup(parseNexthop(nexthop, ports))
  if (result.kind === 'failed') console.log(result.status, result.text)
  else for (const { name, address, port } of result.servers) console.log(name, address, port)
}
