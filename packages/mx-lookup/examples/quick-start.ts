import { memoryLogger } from '@posthouse/mail-log'
import { type DnsResolver, MX_LOOKUP_DEFAULTS, MxLookup, parseNexthop } from '@posthouse/mx-lookup'

const knownTcpPorts = new Map(Object.entries({ smtp: 25, submission: 587 }))
const ports = { defaultService: 'smtp', knownTcpPorts }

// In production: systemDnsClient('/etc/resolv.conf', systemClock, log) of @posthouse/dns-client.
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
  { ...MX_LOOKUP_DEFAULTS, protocols: ['ipv4'], ownAddresses: ['192.0.2.99'] },
  { resolver, random: Math.random, log: memoryLogger().logger },
)

for (const nexthop of ['example.com', '[192.0.2.9]:submission', 'nowhere.example']) {
  const result = await lookup.lookup(parseNexthop(nexthop, ports))
  if (result.kind === 'failed') console.log(result.status, result.text)
  else for (const { name, address, port } of result.servers) console.log(name, address, port)
}
