import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import {
  type DnsResolver,
  MxLookup,
  type MxLookupOptions,
  type MxLookupPorts,
  type Nexthop,
} from './index.ts'

/** `MX`, `A`, `AAAA` to records (`10 a.test`, an address) or to the error code of the resolver. */
type Zone = Record<
  string,
  { MX?: string[] | string; A?: string[] | string; AAAA?: string[] | string }
>

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
  cacheMaxNames: 2,
  cacheMaxTtlMs: 60_000,
  cacheMxTtlMs: 30_000,
  cacheNegativeTtlMs: 5_000,
}

class FakeResolver implements DnsResolver {
  readonly queries: string[] = []
  readonly #zone: Zone
  ttl = 10

  constructor(zone: Zone) {
    this.#zone = zone
  }

  async resolveMx(name: string) {
    return this.#ask(name, 'MX').map((record) => {
      const [priority, exchange] = record.split(' ')
      return { exchange: exchange!, priority: Number(priority) }
    })
  }

  async resolve4(name: string) {
    return this.#ask(name, 'A').map((address) => ({ address, ttl: this.ttl }))
  }

  async resolve6(name: string) {
    return this.#ask(name, 'AAAA').map((address) => ({ address, ttl: this.ttl }))
  }

  #ask(name: string, type: 'MX' | 'A' | 'AAAA'): string[] {
    this.queries.push(`${type} ${name}`)
    const records =
      this.#zone[name] === undefined ? 'ENOTFOUND' : (this.#zone[name][type] ?? 'ENODATA')
    if (typeof records !== 'string') return records
    throw Object.assign(new Error(`query${type} ${records} ${name}`), { code: records })
  }
}

function setUp(
  zone: Zone,
  changed: Partial<MxLookupOptions> = {},
  ports: Partial<MxLookupPorts> = {},
) {
  const resolver = new FakeResolver(zone)
  const clock = new VirtualClock()
  const { logger, lines } = memoryLogger()
  const lookup = new MxLookup(
    { ...options, ...changed },
    { resolver, random: () => 0, clock, log: logger, ...ports },
  )
  return { lookup, resolver, clock, lines }
}

function domain(host: string, port = 25): Nexthop {
  return { host, port, mx: true }
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
      { 'sf.test': { MX: 'ESERVFAIL' } },
      `4.4.3 ${NOT_FOUND} name=sf.test type=MX: Host not found, try again`,
    ],
    [
      'rf.test',
      { 'rf.test': { MX: 'EREFUSED' } },
      `5.4.3 ${NOT_FOUND} name=rf.test type=MX: Non-recoverable error`,
    ],
    [
      'bad.test',
      { 'bad.test': { MX: 'EBADRESP' } },
      '4.4.3 Name service error for name=bad.test type=MX: ' +
        'Malformed or unexpected name server reply',
    ],
    [
      'null.test',
      { 'null.test': { MX: ['10 a.test', '0 '] }, 'a.test': { A: ['192.0.2.1'] } },
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
      'sf.test': { MX: 'ESERVFAIL', A: ['192.0.2.1'] },
      'null.test': { MX: ['0 '], A: ['192.0.2.1'] },
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
    const zone = { 'd.test': { MX }, 'sf.test': { A: 'ESERVFAIL' } }
    expect((await run(zone, domain('d.test'))).shown[0]!.slice(0, 5)).toBe(status)
  })
})

describe('address families', () => {
  const both: Partial<MxLookupOptions> = { protocols: ['ipv6', 'ipv4'] }

  it('C-16: asks for the enabled families in their order and merges', async () => {
    const zone = { 'h.test': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] } }
    const { shown } = await run(zone, { host: 'h.test', port: 25, mx: false }, both)
    expect(shown).toEqual(['0 h.test[2001:db8::1]:25', '0 h.test[192.0.2.1]:25'])
  })

  it.each([
    [{}, '5.4.4', 'type=A: Host found but no data record of requested type'],
    [{ AAAA: 'ESERVFAIL' }, '4.4.3', 'type=AAAA: Host not found, try again'],
    [{ A: 'ESERVFAIL' }, '4.4.3', 'type=A: Host not found, try again'],
    [{ AAAA: 'EFORMERR' }, '5.4.3', 'type=AAAA: Non-recoverable error'],
  ])('C-16, C-185: the stronger failure is reported: %j', async (records, status, text) => {
    const { shown } = await run(
      { 'h.test': records },
      { host: 'h.test', port: 25, mx: false },
      both,
    )
    expect(shown).toEqual([`${status} ${NOT_FOUND} name=h.test ${text}`])
  })

  it('C-185: one family with addresses is enough', async () => {
    const zone = { 'h.test': { A: ['192.0.2.1'], AAAA: 'ESERVFAIL' } }
    const { shown } = await run(zone, { host: 'h.test', port: 25, mx: false }, both)
    expect(shown).toEqual(['0 h.test[192.0.2.1]:25'])
  })

  it('C-10: without any family everything fails softly', async () => {
    const { shown } = await run({}, domain('d.test'), { protocols: [] })
    expect(shown).toEqual(['4.4.4 all network protocols are disabled'])
  })

  it('C-1, C-19: an address is its own server, at once, if its family is enabled', () => {
    const { lookup, resolver } = setUp({})
    expect(lookup.lookup({ host: '192.0.2.7', port: 26, mx: false })).toEqual({
      kind: 'found',
      servers: [{ name: '192.0.2.7', address: '192.0.2.7', family: 4, port: 26, preference: 0 }],
      last: false,
    })
    expect(lookup.lookup({ host: '2001:db8::7', port: 26, mx: false })).toMatchObject({
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
  ])('%s', async (_, name, expected) => {
    const { shown, last } = await run(zone, domain(name))
    expect(shown).toEqual([expected])
    expect(last).toBe(true)
  })

  it('C-20: is not looked for on other ports', async () => {
    const { shown, last } = await run(zone, domain('best.test', 587))
    expect(shown).toEqual(['10 self.test[127.0.0.1]:587', '20 b.test[192.0.2.2]:587'])
    expect(last).toBe(false)
  })

  it.each([
    ['127.0.0.1', ['ipv4']],
    ['0:0::1', ['ipv6']],
    ['self.test', ['ipv4']],
  ] as const)('C-23: a host that is this host: %s', async (host, protocols) => {
    const { shown, last } = await run(zone, { host, port: 25, mx: false }, { protocols })
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
    const zone = { 'local.test': {}, 'again.test': { MX: 'ENODATA', A: 'ESERVFAIL' } }
    const { lookup } = setUp(zone, { hostLookup: ['native', 'dns'] }, { nativeLookup: native })
    expect(await lookup.lookup(domain('local.test'))).toMatchObject({ kind: 'found' })
    expect(await lookup.lookup(domain('again.test'))).toMatchObject({ status: '4.4.3' })
  })
})

describe('the cache', () => {
  const zone = { 'a.test': { A: ['192.0.2.1'] }, 'b.test': { A: ['192.0.2.2'] } }
  const host = (name: string): Nexthop => ({ host: name, port: 25, mx: false })

  it('asks once while the TTL lasts, and once more after it', async () => {
    const { lookup, resolver, clock } = setUp(zone)
    await lookup.lookup(host('a.test'))
    await clock.run(9_999)
    await lookup.lookup(host('A.TEST'))
    expect(resolver.queries).toEqual(['A a.test'])
    await clock.run(10_000)
    await lookup.lookup(host('a.test'))
    expect(resolver.queries).toEqual(['A a.test', 'A a.test'])
  })

  it('keeps each kind of answer for its own time, and none beyond the limit', async () => {
    const { lookup, resolver, clock } = setUp({ 'd.test': { MX: ['10 a.test'] }, ...zone })
    resolver.ttl = 1_000_000
    const asked: string[][] = []
    for (const now of [0, 4_999, 5_000, 29_999, 30_000, 59_999, 60_000]) {
      await clock.run(now)
      resolver.queries.length = 0
      await lookup.lookup(domain('d.test'))
      await lookup.lookup(host('gone.test'))
      asked.push([...resolver.queries])
    }
    expect(asked).toEqual([
      ['MX d.test', 'A a.test', 'A gone.test'],
      [],
      ['A gone.test'],
      ['A gone.test'],
      ['MX d.test'],
      ['A gone.test'],
      ['MX d.test', 'A a.test'],
    ])
  })

  it('lets lookups that run side by side share one query', async () => {
    const { lookup, resolver } = setUp(zone)
    await Promise.all([1, 2, 3].map(() => lookup.lookup(host('a.test'))))
    expect(resolver.queries).toEqual(['A a.test'])
  })

  it('keeps the names used last, up to its limit', async () => {
    const { lookup, resolver } = setUp({ ...zone, 'c.test': { A: ['192.0.2.3'] } })
    for (const name of ['a.test', 'b.test', 'a.test', 'c.test', 'a.test', 'b.test']) {
      await lookup.lookup(host(name))
    }
    expect(resolver.queries).toEqual(['A a.test', 'A b.test', 'A c.test', 'A b.test'])
  })
})

it('C-1: asks DNS for the A-label form of a name', async () => {
  const { lookup, resolver } = setUp({})
  await lookup.lookup({ host: 'bücher.test', port: 25, mx: false })
  expect(resolver.queries).toEqual(['A xn--bcher-kva.test'])
})
