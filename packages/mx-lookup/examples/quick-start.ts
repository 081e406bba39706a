import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { MxLookup, parseNexthop } from '@posthouse/mx-lookup'

const knownTcpPorts = new Map(Object.entries({ smtp: 25, submission: 587 }))
const ports = { defaultService: 'smtp', knownTcpPorts }

// In production: new Resolver() of node:dns/promises.
const resolver = {
  resolveMx: async () => [
    { exchange: 'backup.example', priority: 20 },
    { exchange: 'mx.example', priority: 10 },
  ],
  resolve4: async (name: string) => [
    { address: name === 'mx.example' ? '192.0.2.1' : '192.0.2.2', ttl: 300 },
  ],
  resolve6: async () => [],
}

const lookup = new MxLookup(
  {
    protocols: ['ipv4'],
    hostLookup: ['dns'],
    dnsEnabled: true,
    ownAddresses: ['127.0.0.1'],
    ignoreMxLookupError: false,
    deferIfNoMxAddressFound: false,
    randomizeAddresses: true,
    addressPreference: 'any',
    balanceProtocols: true,
    addressLimit: 5,
    cacheMaxNames: 10_000,
    cacheMaxTtlMs: 3_600_000,
    cacheMxTtlMs: 60_000,
    cacheNegativeTtlMs: 5_000,
  },
  { resolver, random: Math.random, clock: systemClock, log: memoryLogger().logger },
)

for (const nexthop of ['example.com', '[192.0.2.9]:submission']) {
  const result = await lookup.lookup(parseNexthop(nexthop, ports))
  if (result.kind === 'failed') console.log(result.status, result.text)
  else for (const { name, address, port } of result.servers) console.log(name, address, port)
}
