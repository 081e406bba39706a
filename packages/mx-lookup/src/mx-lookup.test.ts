import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import {
  type DnsReply,
  type DnsResolver,
  MxLookup,
  type MxLookupOptions,
  type MxLookupPorts,
  type Nexthop,
  type QueryOptions,
  type QueryType,
  type RecordTypes,
} from './index.ts'

/** Records by type (`10 a.test`, an address, `0 5 587 a.test`), or what the question gives. */
type Zone = Record<string, Partial<Record<QueryType | 'CNAME', string[] | string>>>

const options: MxLookupOptions = {
  protocols: ['ipv4'],
  hostLookup: ['dns'],
  dnsEnabled: true,
  randomizeAddresses: false,
  addressPreference: 'any',
  balanceProtocols: false,
  addressLimit: 5,
  ownAddresses: ['127.0.0.1', '0:0:0:0:0:0:0:1'],
  ignoreMxLookupError: false,
  deferIfNoMxAddressFound: false,
  cnameOverridesServername: false,
  useSrvLookup: ['submission'],
  allowSrvLookupFallback: false,
  ignoreSrvLookupError: false,
  dnssec: false,
  resolverOptions: [],
}

class FakeResolver implements DnsResolver {
  readonly queries: string[] = []
  readonly asked: QueryOptions[] = []
  readonly #zone: Zone
  readonly #atOnce: boolean

  constructor(zone: Zone, atOnce: boolean) {
    this.#zone = zone
    this.#atOnce = atOnce
  }

  query<Type extends QueryType>(name: string, type: Type, options: QueryOptions) {
    this.queries.push(`${type} ${name}`)
    this.asked.push(options)
    const reply = this.#reply(name, type)
    return this.#atOnce ? reply : Promise.resolve(reply)
  }

  #reply<Type extends QueryType>(name: string, type: Type): DnsReply<RecordTypes[Type]> {
    const entry = this.#zone[name]
    const alias = entry?.CNAME
    if (alias !== undefined) return this.#reply(alias[0]!, type) // Owned by the other name.
    const data = entry === undefined ? 'nxdomain' : (entry[type] ?? 'nodata')
    if (typeof data === 'string') return { kind: data as 'retry', name }
    const records = data.slice(0, 100).map((text) => parse(name, text) as RecordTypes[Type])
    return { kind: 'found', records, dropped: data.length - records.length }
  }
}

function parse(name: string, text: string): RecordTypes[QueryType] {
  const words = text.split(' ')
  const numbers = words.slice(0, -1).map(Number)
  const last = words.at(-1)!
  const ttl = 60
  if (words.length === 1) return { name, ttl, address: last }
  if (words.length === 2) return { name, ttl, preference: numbers[0]!, exchange: last }
  const [priority = 0, weight = 0, port = 0] = numbers
  return { name, ttl, priority, weight, port, target: last }
}

function setUp(
  zone: Zone,
  changed: Partial<MxLookupOptions> = {},
  ports: Partial<MxLookupPorts> = {},
  atOnce = false,
) {
  const resolver = new FakeResolver(zone, atOnce)
  const { logger, lines } = memoryLogger()
  const lookup = new MxLookup(
    { ...options, ...changed },
    { resolver, random: () => 0, log: logger, ...ports },
  )
  return { lookup, resolver, lines }
}

function domain(host: string, port = 25, service = 'smtp'): Nexthop {
  return { host, port, service, mx: true }
}

function bracketed(host: string, port = 25): Nexthop {
  return { host, port, service: 'smtp', mx: false }
}

/** The servers as `preference name[address]:port`, or `status text`. */
async function run(zone: Zone, nexthop: Nexthop, changed: Partial<MxLookupOptions> = {}) {
  const { lookup, lines } = setUp(zone, changed)
  const result = await lookup.lookup(nexthop)
  const shown =
    result.kind === 'failed'
      ? [`${result.status} ${result.text}`]
      : result.servers.map((s) => `${s.preference} ${s.name}[${s.address}]:${s.port}`)
  return { shown, last: result.last, lines }
}

const NOT_FOUND = 'Host or domain name not found. Name service error for'

describe('MX results', () => {
  it('C-18, C-25: targets by preference, each with its own name', async () => {
    const zone = {
      'd.test': { MX: ['20 b.test', '10 a.test'] },
      'a.test': { A: ['192.0.2.1', '192.0.2.2'] },
      'b.test': { A: ['192.0.2.3'] },
    }
    const { shown, last } = await run(zone, domain('d.test', 26))
    expect(shown).toEqual([
      '10 a.test[192.0.2.1]:26',
      '10 a.test[192.0.2.2]:26',
      '20 b.test[192.0.2.3]:26',
    ])
    expect(last).toBe(false)
  })

  it.each([
    ['nx.test', {}, `5.4.4 ${NOT_FOUND} name=nx.test type=A: Host not found`],
    [
      'nodata.test',
      { 'nodata.test': {} },
      `5.4.4 ${NOT_FOUND} name=nodata.test type=A: Host found but no data record of requested type`,
    ],
    [
      'sf.test',
      { 'sf.test': { MX: 'retry' } },
      `4.4.3 ${NOT_FOUND} name=sf.test type=MX: Host not found, try again`,
    ],
    [
      'rf.test',
      { 'rf.test': { MX: 'fail' } },
      `5.4.3 ${NOT_FOUND} name=rf.test type=MX: Non-recoverable error`,
    ],
    [
      'bad.test',
      { 'bad.test': { MX: 'malformed' } },
      '4.4.3 Name service error for name=bad.test type=MX: ' +
        'Malformed or unexpected name server reply',
    ],
    [
      'null.test',
      { 'null.test': { MX: ['10 a.test', '0 .'] }, 'a.test': { A: ['192.0.2.1'] } },
      '5.1.0 Domain null.test does not accept mail (nullMX)',
    ],
  ])('C-14, C-17: %s', async (name, zone, expected) => {
    expect((await run(zone, domain(name))).shown).toEqual([expected])
  })

  it('C-17: without MX the domain itself is the server', async () => {
    const { shown } = await run({ 'd.test': { A: ['192.0.2.1'] } }, domain('d.test'))
    expect(shown).toEqual(['0 d.test[192.0.2.1]:25'])
  })

  it('C-17: ignore_mx_lookup_error falls back to the address, a null MX does not', async () => {
    const zone = {
      'sf.test': { MX: 'retry', A: ['192.0.2.1'] },
      'null.test': { MX: ['0 .'], A: ['192.0.2.1'] },
    }
    const ignore = { ignoreMxLookupError: true }
    expect((await run(zone, domain('sf.test'), ignore)).shown).toEqual(['0 sf.test[192.0.2.1]:25'])
    expect((await run(zone, domain('null.test'), ignore)).shown[0]).toMatch(/^5\.1\.0 /)
  })

  it('C-14: an address as MX target is used, with a warning', async () => {
    const { shown, lines } = await run({ 'd.test': { MX: ['10 192.0.2.9'] } }, domain('d.test'))
    expect(shown).toEqual(['10 192.0.2.9[192.0.2.9]:25'])
    expect(lines).toEqual([
      'warning: numeric domain name in resource data of MX record for d.test: 192.0.2.9',
    ])
  })

  it('C-14: an invalid MX target is dropped, with a warning', async () => {
    const { shown, lines } = await run(
      { 'd.test': { MX: ['10 bad_-host-.test'] } },
      domain('d.test'),
    )
    expect(shown).toEqual([
      '5.4.4 Name service error for name=d.test type=MX: Malformed or unexpected name server reply',
    ])
    expect(lines).toEqual([
      'warning: valid_hostname: misplaced hyphen: bad_-host-.test',
      'warning: malformed domain name in resource data of MX record for d.test: bad_-host-.test',
    ])
  })

  it('C-14: keeps 100 records', async () => {
    const MX = Array.from({ length: 101 }, (_, index) => `10 h${index}.test`)
    const zone: Zone = { 'd.test': { MX } }
    for (let index = 0; index <= 100; index++) zone[`h${index}.test`] = { A: ['192.0.2.1'] }
    const { shown, lines } = await run(zone, domain('d.test'))
    expect(shown).toHaveLength(100)
    expect(lines).toEqual([
      'warning: DNS record count limit (100) exceeded -- dropping excess record(s) ' +
        'after qname=d.test qtype=MX',
    ])
  })

  it('C-18: keeps 100 addresses, those of the best targets', async () => {
    const A = Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`)
    const zone = { 'd.test': { MX: ['20 b.test', '10 a.test'] }, 'a.test': { A }, 'b.test': { A } }
    const { shown } = await run(zone, domain('d.test'))
    expect(shown).toHaveLength(100)
    expect(shown.filter((line) => line.startsWith('10 '))).toHaveLength(60)
  })

  it('C-18: a target without address is forgotten when another has one', async () => {
    const zone = { 'd.test': { MX: ['10 gone.test', '20 b.test'] }, 'b.test': { A: ['192.0.2.3'] } }
    const { shown, lines } = await run(zone, domain('d.test'))
    expect(shown).toEqual(['20 b.test[192.0.2.3]:25'])
    expect(lines).toEqual([])
  })

  it.each([
    [false, '5.4.4'],
    [true, '4.4.4'],
  ])('C-18: no target with an address; deferIfNoMxAddressFound %s', async (defer, status) => {
    const { shown, lines } = await run({ 'd.test': { MX: ['10 gone.test'] } }, domain('d.test'), {
      deferIfNoMxAddressFound: defer,
    })
    expect(shown).toEqual([`${status} ${NOT_FOUND} name=gone.test type=A: Host not found`])
    expect(lines).toEqual(['warning: no MX host for d.test has a valid address record'])
  })

  it.each([
    [['10 sf.test', '20 gone.test'], '4.4.4'],
    [['10 gone.test', '20 sf.test'], '4.4.3'],
  ])('C-19: a soft error keeps later ones soft: %s', async (MX, status) => {
    const zone = { 'd.test': { MX }, 'sf.test': { A: 'retry' } }
    expect((await run(zone, domain('d.test'))).shown[0]!.slice(0, 5)).toBe(status)
  })
})

describe('address families', () => {
  const both: Partial<MxLookupOptions> = { protocols: ['ipv6', 'ipv4'] }

  it('C-16: asks for the enabled families in their order and merges', async () => {
    const zone = { 'h.test': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] } }
    const { shown } = await run(zone, bracketed('h.test', 25), both)
    expect(shown).toEqual(['0 h.test[2001:db8::1]:25', '0 h.test[192.0.2.1]:25'])
  })

  it.each([
    [{}, '5.4.4', 'type=A: Host found but no data record of requested type'],
    [{ AAAA: 'retry' }, '4.4.3', 'type=AAAA: Host not found, try again'],
    [{ A: 'retry' }, '4.4.3', 'type=A: Host not found, try again'],
    [{ AAAA: 'fail' }, '5.4.3', 'type=AAAA: Non-recoverable error'],
  ])('C-16, C-185: the stronger failure is reported: %j', async (records, status, text) => {
    const { shown } = await run({ 'h.test': records }, bracketed('h.test', 25), both)
    expect(shown).toEqual([`${status} ${NOT_FOUND} name=h.test ${text}`])
  })

  it('C-16, C-185: an invalid answer is stronger than none', async () => {
    const zone: Zone = {
      'h.test': { CNAME: ['-odd-.test'] },
      '-odd-.test': { A: ['192.0.2.1'] },
    }
    const { shown } = await run(zone, bracketed('h.test'), { protocols: ['ipv4', 'ipv6'] })
    expect(shown).toEqual([
      '5.4.4 Name service error for name=h.test type=A: Malformed or unexpected name server reply',
    ])
  })

  it('C-16: what may be better later is stronger than an invalid answer', async () => {
    const zone: Zone = { 'h.test': { A: [], AAAA: 'retry' } }
    const { shown } = await run(zone, bracketed('h.test'), { protocols: ['ipv4', 'ipv6'] })
    expect(shown).toEqual([`4.4.3 ${NOT_FOUND} name=h.test type=AAAA: Host not found, try again`])
  })

  it('C-25: the addresses of a host go by family, too', async () => {
    const zone = { 'h.test': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] } }
    const preferring = { ...both, addressPreference: 'ipv4' } as const
    const { shown } = await run(zone, bracketed('h.test'), preferring)
    expect(shown).toEqual(['0 h.test[192.0.2.1]:25', '0 h.test[2001:db8::1]:25'])
  })

  it('C-185: one family with addresses is enough', async () => {
    const zone = { 'h.test': { A: ['192.0.2.1'], AAAA: 'retry' } }
    const { shown } = await run(zone, bracketed('h.test', 25), both)
    expect(shown).toEqual(['0 h.test[192.0.2.1]:25'])
  })

  it('C-10: without any family everything fails softly', async () => {
    const { shown } = await run({}, domain('d.test'), { protocols: [] })
    expect(shown).toEqual(['4.4.4 all network protocols are disabled'])
  })

  it('C-1, C-19: an address is its own server, at once, if its family is enabled', () => {
    const { lookup, resolver } = setUp({})
    expect(lookup.lookup(bracketed('192.0.2.7', 26))).toEqual({
      kind: 'found',
      servers: [{ name: '192.0.2.7', address: '192.0.2.7', family: 4, port: 26, preference: 0 }],
      last: false,
    })
    expect(lookup.lookup(bracketed('2001:db8::7', 26))).toMatchObject({
      kind: 'failed',
      status: '5.4.4',
    })
    expect(resolver.queries).toEqual([])
  })
})

describe('mail loops', () => {
  const zone = {
    'best.test': { MX: ['10 self.test', '20 b.test'] },
    'backup.test': { MX: ['10 b.test', '20 equal.test', '20 self.test', '30 c.test'] },
    'lost.test': { MX: ['10 gone.test', '20 self.test'] },
    'unsorted.test': { MX: ['20 self.test', '10 b.test'] },
    'self.test': { A: ['127.0.0.1'] },
    'b.test': { A: ['192.0.2.2'] },
    'c.test': { A: ['192.0.2.3'] },
    'equal.test': { A: ['192.0.2.4'] },
  }

  it.each([
    [
      'C-22: this host is the best MX',
      'best.test',
      '5.4.6 mail for best.test loops back to myself',
    ],
    [
      'C-22: the better MX is lost',
      'lost.test',
      '4.4.4 unable to find primary relay for lost.test',
    ],
    ['C-22: equals and worse are dropped', 'backup.test', '10 b.test[192.0.2.2]:25'],
    ['C-22: in order of preference', 'unsorted.test', '10 b.test[192.0.2.2]:25'],
  ])('%s', async (_, name, expected) => {
    const { shown, last } = await run(zone, domain(name))
    expect(shown).toEqual([expected])
    expect(last).toBe(true)
  })

  it('C-20: is not looked for on other ports', async () => {
    const { shown, last } = await run(zone, domain('best.test', 587))
    expect(shown).toEqual(['10 self.test[127.0.0.1]:587', '20 b.test[192.0.2.2]:587'])
    expect(last).toBe(false)
    const host = await run(zone, bracketed('self.test', 587))
    expect(host.shown).toEqual(['0 self.test[127.0.0.1]:587'])
  })

  it.each([
    ['127.0.0.1', ['ipv4']],
    ['0:0::1', ['ipv6']],
    ['self.test', ['ipv4']],
  ] as const)('C-23: a host that is this host: %s', async (host, protocols) => {
    const { shown, last } = await run(zone, bracketed(host), { protocols })
    expect(shown).toEqual([`5.4.6 mail for ${host} loops back to myself`])
    expect(last).toBe(true)
  })
})

describe('host lookup without DNS', () => {
  const native = async (host: string) => {
    if (host === 'local.test') return [{ address: '192.0.2.8', family: 4 }]
    if (host === 'six.test') return [{ address: '::1', family: 6 }]
    throw Object.assign(new Error(host), {
      code: host === 'again.test' ? 'EAI_AGAIN' : 'ENOTFOUND',
    })
  }

  it.each([
    ['local.test', { kind: 'found' }],
    ['six.test', { status: '5.4.4', text: 'six.test: host not found' }],
    [
      'again.test',
      {
        status: '4.4.4',
        text: 'unable to look up host again.test: Temporary failure in name resolution',
      },
    ],
    [
      'no.test',
      { status: '5.4.4', text: 'unable to look up host no.test: Name or service not known' },
    ],
  ])('C-11, C-12, C-19: DNS disabled, %s', async (host, expected) => {
    const { lookup, resolver } = setUp({}, { dnsEnabled: false }, { nativeLookup: native })
    expect(await lookup.lookup(domain(host))).toMatchObject(expected)
    expect(resolver.queries).toEqual([])
  })

  it('C-11: native lookup comes after "not found", not after a DNS failure', async () => {
    const zone = { 'local.test': {}, 'again.test': { MX: 'nodata', A: 'retry' } }
    const { lookup } = setUp(zone, { hostLookup: ['native', 'dns'] }, { nativeLookup: native })
    expect(await lookup.lookup(domain('local.test'))).toMatchObject({ kind: 'found' })
    expect(await lookup.lookup(domain('again.test'))).toMatchObject({ status: '4.4.3' })
  })
})

describe('CNAMEs', () => {
  const zone: Zone = {
    'd.test': { MX: ['10 alias.test'] },
    'alias.test': { CNAME: ['real.test'] },
    'real.test': { A: ['192.0.2.1'] },
    'odd.test': { CNAME: ['-odd-.test'] },
    '-odd-.test': { A: ['192.0.2.1'] },
    'cl.test': { MX: 'loop', A: 'loop' },
  }

  it.each([
    [false, '10 alias.test[192.0.2.1]:25'],
    [true, '10 real.test[192.0.2.1]:25'],
  ])('C-29: cnameOverridesServername %s', async (cnameOverridesServername, expected) => {
    const { shown } = await run(zone, domain('d.test'), { cnameOverridesServername })
    expect(shown).toEqual([expected])
  })

  it('C-14: a loop means that there is nothing, and is logged each time', async () => {
    const { shown, lines } = await run(zone, domain('cl.test'))
    expect(shown).toEqual(['5.4.4 Name server loop for cl.test'])
    const line = 'warning: dns_lookup: Name server loop for cl.test'
    expect(lines).toEqual([line, line])
  })

  it('C-14: addresses of a name that cannot be one are no use', async () => {
    const { shown, lines } = await run(zone, bracketed('odd.test'))
    expect(shown[0]).toMatch(/^5\.4\.4 .*Malformed or unexpected name server reply$/)
    expect(lines).toEqual([
      'warning: valid_hostname: misplaced hyphen: -odd-.test',
      'warning: malformed domain name in resource name of A record for odd.test: -odd-.test',
    ])
  })
})

describe('SRV', () => {
  const SRV = '_submission._tcp.d.test'
  const submission = domain('d.test', 587, 'submission')
  const zone: Zone = {
    [SRV]: { SRV: ['20 0 26 b.test', '10 0 2525 a.test'] },
    'a.test': { A: ['192.0.2.1'] },
    'b.test': { A: ['192.0.2.2'] },
    'c.test': { A: ['192.0.2.3'] },
    'd.test': { MX: ['10 c.test'] },
    'self.test': { A: ['127.0.0.1'] },
  }
  const MX_SERVER = '10 c.test[192.0.2.3]:587'

  it('C-34: servers by priority, each with the port of its record', async () => {
    const { shown, last } = await run(zone, submission)
    expect(shown).toEqual(['10 a.test[192.0.2.1]:2525', '20 b.test[192.0.2.2]:26'])
    expect(last).toBe(false)
  })

  it('C-26, C-34: families are balanced, not sorted', async () => {
    const host = { A: ['192.0.2.1', '192.0.2.2'], AAAA: ['2001:db8::1'] }
    const changed: Partial<MxLookupOptions> = {
      protocols: ['ipv4', 'ipv6'],
      addressPreference: 'ipv6',
      balanceProtocols: true,
      addressLimit: 2,
    }
    const { shown } = await run({ ...zone, 'a.test': host, 'b.test': {} }, submission, changed)
    expect(shown).toEqual(['10 a.test[192.0.2.1]:2525', '10 a.test[2001:db8::1]:2525'])
  })

  it('C-12: not for other services, brackets, or without DNS', async () => {
    expect((await run(zone, domain('d.test', 587, '587'))).shown).toEqual([MX_SERVER])
    const { resolver, lookup } = setUp(zone)
    await lookup.lookup({ ...submission, mx: false })
    expect(resolver.queries).toEqual(['A d.test'])
  })

  it.each([
    ['nxdomain', '5.4.4', true, false],
    ['nodata', '5.4.4', true, false],
    ['retry', '4.4.3', true, true],
    ['malformed', '4.4.3', true, true],
    ['fail', '5.4.3', true, true],
  ])('C-34: %s is %s; falls back if allowed %s, if errors are ignored %s', async (...row) => {
    const [kind, status, allowed, ignored] = row
    const broken = { ...zone, [SRV]: { SRV: kind } }
    const refused = await run(broken, submission)
    expect(refused.shown[0]).toMatch(new RegExp(`^${status} .*name=${SRV} type=SRV`))
    expect(refused.lines).toEqual([])

    const allowing = await run(broken, submission, { allowSrvLookupFallback: true })
    expect(allowing.shown.includes(MX_SERVER)).toBe(allowed)
    const text = refused.shown[0]!.slice(6)
    expect(allowing.lines).toEqual([`skipping SRV lookup for ${SRV}: ${text}`])

    const ignoring = await run(broken, submission, { ignoreSrvLookupError: true })
    expect(ignoring.shown.includes(MX_SERVER)).toBe(ignored)
  })

  it('C-14, C-34: a root target means that the service is not offered', async () => {
    const none: Zone = { ...zone, [SRV]: { SRV: ['0 0 0 .'] } }
    const { shown } = await run(none, submission, { ignoreSrvLookupError: true })
    expect(shown).toEqual([`5.1.0 Domain ${SRV} does not support SRV requests`])
    const allowing = await run(none, submission, { allowSrvLookupFallback: true })
    expect(allowing.shown).toEqual([MX_SERVER])
  })

  it('C-34: no target with an address', async () => {
    const gone: Zone = { ...zone, [SRV]: { SRV: ['10 0 26 gone.test'] } }
    const { shown, lines } = await run(gone, submission)
    expect(shown).toEqual([`5.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`])
    expect(lines).toEqual([`warning: no SRV host for ${SRV} has a valid address record`])
    const allowing = await run(gone, submission, { allowSrvLookupFallback: true })
    expect(allowing.shown).toEqual([MX_SERVER])
  })

  it('C-20, C-34: this host is looked for if the next hop is at port 25', async () => {
    const self: Zone = { ...zone, [SRV]: { SRV: ['10 0 26 self.test', '20 0 26 b.test'] } }
    const loop = await run(self, { ...submission, port: 25 }, { allowSrvLookupFallback: true })
    expect(loop.shown).toEqual(['5.4.6 mail for d.test loops back to myself'])
    expect(loop.last).toBe(true)
    expect((await run(self, submission)).shown).toHaveLength(2)
  })
})

describe('smtp_dns_reply_filter', () => {
  const zone: Zone = {
    'd.test': { MX: ['10 a.test', '20 b.test'] },
    'a.test': { A: ['192.0.2.1'] },
    'b.test': { A: ['192.0.2.2'] },
    '_submission._tcp.d.test': { SRV: ['10 5 26 a.test'] },
  }
  const ignoring = (pattern: RegExp, action = 'IGNORE') => ({
    replyFilter: async (record: string) => (pattern.test(record) ? action : undefined),
  })

  it.each([
    [/^d\.test\. 60 IN MX 10 a\.test\.$/, '20 b.test[192.0.2.2]:25'],
    [/^a\.test\. 60 IN A 192\.0\.2\.1$/, '20 b.test[192.0.2.2]:25'],
  ])('C-15, C-185: drops what is ignored: %s', async (pattern, expected) => {
    const { shown, lines } = await run(zone, domain('d.test'), ignoring(pattern))
    expect(shown).toEqual([expected])
    expect(lines).toEqual([
      `ignoring DNS RR: ${/^\^(.*)\$$/.exec(pattern.source)![1]!.replaceAll('\\', '')}`,
    ])
  })

  it.each([
    [/ MX /, '4.7.0 Error looking up name=d.test type=MX'],
    [/ A /, '4.7.0 Error looking up name=b.test type=A'],
  ])('C-14, C-17, C-19, C-185: nothing is left after %s', async (pattern, expected) => {
    const changed = { ...ignoring(pattern), ignoreMxLookupError: true }
    const { shown } = await run(zone, domain('d.test'), changed)
    expect(shown).toEqual([`${expected}: DNS reply filter drops all results`])
  })

  it('C-15, C-185: anything but IGNORE is no action', async () => {
    const { shown, lines } = await run(zone, domain('d.test'), ignoring(/MX/, 'DROP'))
    expect(shown).toEqual([
      '4.4.3 Error looking up name=d.test type=MX: Invalid DNS reply filter syntax',
    ])
    expect(lines).toEqual(['warning: smtp_dns_reply_filter: unknown DNS filter action: "DROP"'])
  })

  it('C-15: the action is in any case', async () => {
    const { shown } = await run(zone, domain('d.test'), ignoring(/a\.test/, 'ignore'))
    expect(shown).toEqual(['20 b.test[192.0.2.2]:25'])
  })

  it('C-15: a table that cannot be asked puts mail off', async () => {
    const { shown, lines } = await run(zone, domain('d.test'), { replyFilter: () => null })
    expect(shown[0]).toMatch(/^4\.4\.3 .*: Invalid DNS reply filter syntax$/)
    expect(lines).toEqual([])
  })

  it('C-15, C-34: sees SRV records, too', async () => {
    const record = '_submission._tcp.d.test. 60 IN SRV 10 5 26 a.test.'
    const changed = {
      allowSrvLookupFallback: true,
      replyFilter: (one: string) => (one === record ? 'ignore' : undefined),
    }
    const { shown } = await run(zone, domain('d.test', 587, 'submission'), changed)
    expect(shown).toEqual(['10 a.test[192.0.2.1]:587', '20 b.test[192.0.2.2]:587'])
  })
})

describe('questions', () => {
  const zone: Zone = { 'd.test': { MX: ['10 a.test'] }, 'a.test': { A: ['192.0.2.1'] } }

  it('C-13: the options of the resolver are for addresses only', async () => {
    const { lookup, resolver } = setUp(zone, { resolverOptions: ['res_dnsrch'] })
    await lookup.lookup(domain('d.test'))
    const search = { defaultDomain: false, searchList: true }
    expect(resolver.asked.map((options) => options.search)).toEqual([undefined, search])
  })

  it('C-11: dnssec asks for validation', async () => {
    const { lookup, resolver } = setUp(zone, { dnssec: true })
    await lookup.lookup(domain('d.test'))
    expect(resolver.asked.map(({ dnssec }) => dnssec)).toEqual([true, true])
  })

  it('C-18: targets are asked for two at a time, so that others get their turn', async () => {
    const MX = Array.from({ length: 9 }, (_, index) => `10 h${index}.test`)
    const { lookup, resolver } = setUp({ 'd.test': { MX }, 'h8.test': { A: ['192.0.2.8'] } })
    let open = 0
    let most = 0
    const answer = resolver.query.bind(resolver)
    resolver.query = async (name, type, options) => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open -= 1
      return answer(name, type, options)
    }
    expect(await lookup.lookup(domain('d.test'))).toMatchObject({ servers: [{ name: 'h8.test' }] })
    expect(most).toBe(2)
  })

  it.each([
    [{ A: ['192.0.2.1'] }, true, []],
    [{ A: ['192.0.2.1'] }, false, ['a response that is not DNSSEC validated']],
    [{}, false, ['a response that is not DNSSEC validated']],
    [
      { A: 'retry' },
      false,
      [`no response: ${NOT_FOUND} name=probe.test type=A: Host not found, try again`],
    ],
  ] as const)('dnssec_probe: %j, secure %s: warns once of %j', async (records, secure, reasons) => {
    const dnssecProbe = { type: 'A', name: 'probe.test', text: 'a:probe.test' } as const
    const { lookup, resolver, lines } = setUp(
      { ...zone, 'probe.test': records as Zone[string] },
      { dnssec: true, dnssecProbe },
    )
    const answer = resolver.query.bind(resolver)
    resolver.query = async (name, type, options) => {
      const reply = await answer(name, type, options)
      return { ...reply, secure: secure && name === 'probe.test' }
    }
    await lookup.lookup(domain('d.test'))
    await lookup.lookup(domain('d.test'))
    expect(resolver.queries.filter((query) => query === 'A probe.test')).toHaveLength(1)
    expect(lines).toEqual(
      reasons.flatMap((reason) => [
        'warning: DNSSEC validation may be unavailable',
        `warning: reason: dnssec_probe 'a:probe.test' received ${reason}`,
      ]),
    )
  })

  it('dnssec_probe: nobody is asked once an answer was validated, or without dnssec', async () => {
    const dnssecProbe = { type: 'A', name: 'probe.test', text: 'a:probe.test' } as const
    for (const dnssec of [true, false]) {
      const { lookup, resolver, lines } = setUp(zone, { dnssec, dnssecProbe })
      const answer = resolver.query.bind(resolver)
      resolver.query = async (name, type, options) => ({
        ...(await answer(name, type, options)),
        secure: dnssec && type === 'MX',
      })
      await lookup.lookup(domain('d.test'))
      expect(resolver.queries).toEqual(['MX d.test', 'A a.test'])
      expect(lines).toEqual([])
    }
  })

  it('what the resolver knows is answered at once, without a promise', () => {
    const { lookup } = setUp(zone, { protocols: ['ipv4', 'ipv6'] }, {}, true)
    expect(lookup.lookup(domain('d.test'))).toMatchObject({
      kind: 'found',
      servers: [{ address: '192.0.2.1' }],
    })
    expect(lookup.lookup(domain('gone.test'))).toMatchObject({ kind: 'failed' })
  })
})

it('C-1: asks DNS for the A-label form of a name', async () => {
  const { lookup, resolver } = setUp({})
  await lookup.lookup(bracketed('bücher.test', 25))
  expect(resolver.queries).toEqual(['A xn--bcher-kva.test'])
})
