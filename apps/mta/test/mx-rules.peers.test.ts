import { randomInt } from 'node:crypto'
import { systemClock } from '@posthouse/clock'
import { DnsClient, networkTransport, parseResolvConf } from '@posthouse/dns-client'
import { memoryLogger } from '@posthouse/mail-log'
import { MxLookup, type MxLookupOptions, parseNexthop } from '@posthouse/mx-lookup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Dnsmasq } from '../harness/dnsmasq.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'

const installed = peersInstalled('dnsmasq')

/** In hex, as dns-rr wants it. */
function mxData(preference: number, ...labels: string[]): string {
  const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label)])
  return Buffer.from([preference >> 8, preference & 255, ...octets, 0]).toString('hex')
}

const MANY = Array.from({ length: 60 }, (_, index) => index)
const ZONE = [
  'local=/test/', // What is not here does not exist.
  'local-ttl=60',
  'host-record=a.test,192.0.2.1',
  'host-record=b.test,192.0.2.2',
  'host-record=two.test,192.0.2.3',
  'host-record=two.test,192.0.2.4',
  'host-record=both.test,192.0.2.5,2001:db8::5',
  'host-record=six.test,2001:db8::6',
  'host-record=self.test,127.0.0.1',
  'mx-host=order.test,b.test,20',
  'mx-host=order.test,a.test,10',
  'mx-host=partial.test,gone.test,10',
  'mx-host=partial.test,b.test,20',
  'mx-host=noaddress.test,gone.test,10',
  'mx-host=loop.test,self.test,10',
  'mx-host=loop.test,b.test,20',
  'mx-host=backup.test,a.test,10',
  'mx-host=backup.test,self.test,20',
  'mx-host=backup.test,b.test,30',
  'mx-host=lost.test,gone.test,10',
  'mx-host=lost.test,self.test,20',
  'mx-host=both-mx.test,both.test,10',
  'mx-host=alias-mx.test,alias.test,10',
  'cname=alias.test,a.test',
  'cname=alias-domain.test,order.test',
  'cname=long1.test,long2.test',
  'cname=long2.test,long3.test',
  'cname=long3.test,a.test',
  `dns-rr=null.test,15,${mxData(0)}`,
  `dns-rr=null-and-more.test,15,${mxData(0)}`,
  `dns-rr=null-and-more.test,15,${mxData(10, 'a', 'test')}`,
  `dns-rr=invalid.test,15,${mxData(10, 'bad_-host-', 'test')}`,
  `dns-rr=numeric.test,15,${mxData(10, '192', '0', '2', '9')}`,
  'txt-record=nodata.test,nothing else',
  ...MANY.map((index) => `mx-host=large.test,backup${index}.large.test,20`),
  'mx-host=large.test,a.test,10',
  'srv-host=_submission._tcp.srv.test,b.test,26,20',
  'srv-host=_submission._tcp.srv.test,a.test,2525,10',
  'srv-host=_submission._tcp.none.test',
  'mx-host=nosrv.test,a.test,10',
  'srv-host=_submission._tcp.none-but-mx.test',
  'mx-host=none-but-mx.test,a.test,10',
  'srv-host=_submission._tcp.lost-srv.test,gone.test,25,10',
  'mx-host=lost-srv.test,a.test,10',
  'srv-host=_submission._tcp.part-srv.test,gone.test,25,10',
  'srv-host=_submission._tcp.part-srv.test,b.test,26,20',
  'srv-host=_submission._tcp.self-srv.test,self.test,25,10',
  'srv-host=_submission._tcp.even.test,a.test,25,10,50',
  'srv-host=_submission._tcp.even.test,b.test,26,10,50',
  'mx-host=equal.test,a.test,10',
  'mx-host=equal.test,self.test,20',
  'mx-host=equal.test,b.test,20',
  'mx-host=equal-best.test,self.test,10',
  'mx-host=equal-best.test,b.test,10',
  'mx-host=even-mx.test,a.test,10',
  'mx-host=even-mx.test,b.test,10',
  'mx-host=two-mx.test,two.test,10',
  'mx-host=two-mx.test,a.test,10',
  'mx-host=unsure1.test,down.broken.test,10',
  'mx-host=unsure1.test,gone.test,20',
  'mx-host=unsure2.test,gone.test,10',
  'mx-host=unsure2.test,down.broken.test,20',
  'mx-host=unsure3.test,down.broken.test,10',
  'mx-host=unsure3.test,b.test,20',
  'mx-host=literal.test,a.test,10',
  'host-record=own-address.test,192.0.2.8',
  `dns-rr=own-address.test,15,${mxData(10, 'bad_-host-', 'test')}`,
  'host-record=null-address.test,192.0.2.8',
  `dns-rr=null-address.test,15,${mxData(0)}`,
  `dns-rr=part-invalid.test,15,${mxData(10, 'bad_-host-', 'test')}`,
  `dns-rr=part-invalid.test,15,${mxData(20, 'a', 'test')}`,
  ...Array.from({ length: 12 }, (_, at) => `cname=deep${at}.test,deep${at + 1}.test`),
  'host-record=deep12.test,192.0.2.12',
  ...Array.from({ length: 120 }, (_, at) => `mx-host=many.test,h${at}.many.test,10`),
  ...Array.from({ length: 120 }, (_, at) => `host-record=h${at}.many.test,198.51.100.${at}`),
  ...Array.from({ length: 6 }, (_, at) => `host-record=wide.test,2001:db8::${at + 1}`),
  'host-record=wide.test,192.0.2.31',
  'host-record=wide.test,192.0.2.32',
  'mx-host=wide-mx.test,wide.test,10',
]

const PORTS = {
  defaultService: 'smtp',
  knownTcpPorts: new Map([
    ['smtp', 25],
    ['submission', 587],
  ]),
}

/** What the machine would say. */
async function nativeLookup(host: string): Promise<{ address: string; family: number }[]> {
  if (host === 'gone.test') return [{ address: '192.0.2.99', family: 4 }]
  throw Object.assign(new Error('unknown'), { code: 'ENOTFOUND' })
}

const NOT_FOUND = 'Host or domain name not found. Name service error for'
const TRY_AGAIN = 'Host not found, try again'
const NO_DATA = 'Host found but no data record of requested type'
const MALFORMED = 'Malformed or unexpected name server reply'

describe.runIf(installed)('with dnsmasq as the name server', () => {
  let dnsmasq: Dnsmasq
  let client: DnsClient
  beforeAll(async () => {
    const nobody = await freePort()
    dnsmasq = await Dnsmasq.start([...ZONE, `server=/broken.test/127.0.0.1#${nobody}`])
    client = newClient('timeout:5 attempts:1')
  })
  afterAll(() => dnsmasq.stop())

  function newClient(options: string): DnsClient {
    const conf = parseResolvConf(
      `nameserver [127.0.0.1]:${dnsmasq.port}\nsearch test\noptions ${options}`,
    )
    const limits = { cacheMaxRecords: 1000, cacheMaxTtlMs: 60_000, cacheMaxNegativeTtlMs: 60_000 }
    return new DnsClient(
      { ...limits, maxQuestions: 100 },
      {
        configuration: () => conf,
        transport: networkTransport,
        randomId: () => randomInt(65_536),
        clock: systemClock,
      },
    )
  }

  async function lookup(
    nexthop: string,
    changed: Partial<MxLookupOptions> = {},
    resolver = client,
  ): Promise<string[]> {
    const options: MxLookupOptions = {
      protocols: ['ipv4'],
      hostLookup: ['dns'],
      dnsEnabled: true,
      dnssec: false,
      resolverOptions: [],
      ownAddresses: ['127.0.0.1'],
      ignoreMxLookupError: false,
      deferIfNoMxAddressFound: false,
      cnameOverridesServername: false,
      useSrvLookup: ['submission'],
      allowSrvLookupFallback: false,
      ignoreSrvLookupError: false,
      randomizeAddresses: false,
      addressPreference: 'any',
      balanceProtocols: true,
      addressLimit: 5,
      ...changed,
    }
    const { logger: log } = memoryLogger()
    const ports = { resolver, nativeLookup, random: Math.random, log }
    const mx = new MxLookup(options, ports)
    const result = await mx.lookup(parseNexthop(nexthop, PORTS))
    if (result.kind === 'failed') return [`${result.status} ${result.text}`]
    const servers = result.servers.map(({ name, address, port }) => `${name}[${address}]:${port}`)
    return result.last ? [...servers, 'and no other destination'] : servers
  }

  it.each([
    ['C-18, C-25: by preference', 'order.test', ['a.test[192.0.2.1]:25', 'b.test[192.0.2.2]:25']],
    ['C-1: a port', '[a.test]:26', ['a.test[192.0.2.1]:26']],
    ['C-17: no MX', 'a.test', ['a.test[192.0.2.1]:25']],
    [
      'C-17: no such domain',
      'gone.test',
      [`5.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`],
    ],
    [
      'C-17: neither MX nor address',
      'nodata.test',
      [`5.4.4 ${NOT_FOUND} name=nodata.test type=A: ${NO_DATA}`],
    ],
    ['C-14: null MX', 'null.test', ['5.1.0 Domain null.test does not accept mail (nullMX)']],
    [
      'C-14, C-185: null MX beside another',
      'null-and-more.test',
      ['5.1.0 Domain null-and-more.test does not accept mail (nullMX)'],
    ],
    [
      'C-14: an invalid target',
      'invalid.test',
      [`5.4.4 Name service error for name=invalid.test type=MX: ${MALFORMED}`],
    ],
    ['C-14: a numeric target', 'numeric.test', ['192.0.2.9[192.0.2.9]:25']],
    ['C-18: one target is lost', 'partial.test', ['b.test[192.0.2.2]:25']],
    [
      'C-18: all targets are lost',
      'noaddress.test',
      [`5.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`],
    ],
    ['C-22: this host is best', 'loop.test', ['5.4.6 mail for loop.test loops back to myself']],
    [
      'C-22: this host is backup',
      'backup.test',
      ['a.test[192.0.2.1]:25', 'and no other destination'],
    ],
    [
      'C-22: the better one is lost',
      'lost.test',
      ['4.4.4 unable to find primary relay for lost.test'],
    ],
    ['C-23: this host', '[self.test]', ['5.4.6 mail for self.test loops back to myself']],
    ['C-29: a target that is an alias', 'alias-mx.test', ['alias.test[192.0.2.1]:25']],
    [
      'C-14: a domain that is an alias',
      'alias-domain.test',
      ['a.test[192.0.2.1]:25', 'b.test[192.0.2.2]:25'],
    ],
    ['C-14: aliases one after the other', '[long1.test]', ['long1.test[192.0.2.1]:25']],
    ['C-14: too large for UDP', 'large.test', ['a.test[192.0.2.1]:25']],
    ['C-34: SRV', 'srv.test:submission', ['a.test[192.0.2.1]:2525', 'b.test[192.0.2.2]:26']],
    [
      'C-34: SRV says no',
      'none.test:submission',
      ['5.1.0 Domain _submission._tcp.none.test does not support SRV requests'],
    ],
    [
      'C-34: no SRV',
      'nosrv.test:submission',
      [`5.4.4 ${NOT_FOUND} name=_submission._tcp.nosrv.test type=SRV: Host not found`],
    ],
    [
      'C-17: a server that refuses',
      'elsewhere.example',
      [`4.4.3 ${NOT_FOUND} name=elsewhere.example type=MX: ${TRY_AGAIN}`],
    ],
  ])('%s: %s', async (_, nexthop, expected) => {
    expect(await lookup(nexthop)).toEqual(expected)
  })

  it.each<[string, string, Partial<MxLookupOptions>, string[]]>([
    ['C-2: an empty service', 'order.test:', {}, ['a.test[192.0.2.1]:25', 'b.test[192.0.2.2]:25']],
    ['C-2: an empty service of a host', '[a.test]:', {}, ['a.test[192.0.2.1]:25']],
    ['C-10: no family', 'a.test', { protocols: [] }, ['4.4.4 all network protocols are disabled']],
    [
      'C-11: no DNS, the name is known',
      'gone.test',
      { dnsEnabled: false },
      ['gone.test[192.0.2.99]:25'],
    ],
    [
      'C-11: first DNS, then not',
      '[gone.test]',
      { hostLookup: ['dns', 'native'] },
      ['gone.test[192.0.2.99]:25'],
    ],
    [
      'C-11: DNS and not, when DNS knows',
      '[a.test]',
      { hostLookup: ['dns', 'native'] },
      ['a.test[192.0.2.1]:25'],
    ],
    [
      'C-12: SRV only for services that are listed',
      'srv.test:smtp',
      {},
      [`5.4.4 ${NOT_FOUND} name=srv.test type=A: ${NO_DATA}`],
    ],
    ['C-14: twelve aliases', '[deep0.test]', {}, ['deep0.test[192.0.2.12]:25']],
    ['C-14: one of two targets is invalid', 'part-invalid.test', {}, ['a.test[192.0.2.1]:25']],
    [
      'C-16: two families, and neither has an address',
      '[nodata.test]',
      { protocols: ['ipv6', 'ipv4'] },
      [`5.4.4 ${NOT_FOUND} name=nodata.test type=A: ${NO_DATA}`],
    ],
    [
      'C-16: two families, the other way round',
      '[nodata.test]',
      { protocols: ['ipv4', 'ipv6'] },
      [`5.4.4 ${NOT_FOUND} name=nodata.test type=AAAA: ${NO_DATA}`],
    ],
    [
      'C-16: one of two families has an address',
      '[six.test]',
      { protocols: ['ipv4', 'ipv6'] },
      ['six.test[2001:db8::6]:25'],
    ],
    [
      'C-17: invalid, and errors are ignored',
      'own-address.test',
      { ignoreMxLookupError: true },
      ['own-address.test[192.0.2.8]:25'],
    ],
    [
      'C-17: null MX, and errors are ignored',
      'null-address.test',
      { ignoreMxLookupError: true },
      ['5.1.0 Domain null-address.test does not accept mail (nullMX)'],
    ],
    [
      'C-15: a filter drops one record',
      'order.test',
      { replyFilter: (record) => (record.includes(' MX 10 ') ? 'IGNORE' : undefined) },
      ['b.test[192.0.2.2]:25'],
    ],
    [
      'C-15, C-17: a filter drops all records',
      'order.test',
      {
        replyFilter: (record) => (record.includes(' MX ') ? 'ignore' : undefined),
        ignoreMxLookupError: true,
      },
      ['4.7.0 Error looking up name=order.test type=MX: DNS reply filter drops all results'],
    ],
    [
      'C-15: a filter says what it may not',
      'a.test',
      { replyFilter: (record) => (record.endsWith(' IN A 192.0.2.1') ? 'DROP' : undefined) },
      ['4.4.3 Error looking up name=a.test type=A: Invalid DNS reply filter syntax'],
    ],
    [
      'C-20: not the port for mail',
      'loop.test:587',
      {},
      ['self.test[127.0.0.1]:587', 'b.test[192.0.2.2]:587'],
    ],
    ['C-20: a host, not the port for mail', '[self.test]:26', {}, ['self.test[127.0.0.1]:26']],
    [
      'C-21: an address of a proxy',
      'order.test',
      { ownAddresses: ['127.0.0.1', '192.0.2.2'] },
      ['a.test[192.0.2.1]:25', 'and no other destination'],
    ],
    [
      'C-22: those beside this host are dropped, too',
      'equal.test',
      {},
      ['a.test[192.0.2.1]:25', 'and no other destination'],
    ],
    [
      'C-22: one beside this host, the best',
      'equal-best.test',
      {},
      ['5.4.6 mail for equal-best.test loops back to myself'],
    ],
    [
      'C-23: this host, without MX',
      'self.test',
      {},
      ['5.4.6 mail for self.test loops back to myself'],
    ],
    [
      'C-34: SRV says no, then MX',
      'none-but-mx.test:submission',
      { allowSrvLookupFallback: true },
      ['a.test[192.0.2.1]:587'],
    ],
    [
      'C-34: SRV says no, and errors are ignored',
      'none-but-mx.test:submission',
      { ignoreSrvLookupError: true },
      ['5.1.0 Domain _submission._tcp.none-but-mx.test does not support SRV requests'],
    ],
    [
      'C-34: a target without address',
      'lost-srv.test:submission',
      {},
      [`5.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`],
    ],
    [
      'C-34: a target without address, then MX',
      'lost-srv.test:submission',
      { allowSrvLookupFallback: true },
      ['a.test[192.0.2.1]:587'],
    ],
    ['C-34: one of two targets', 'part-srv.test:submission', {}, ['b.test[192.0.2.2]:26']],
    [
      'C-34: loops go by the port of the next hop',
      'self-srv.test:submission',
      {},
      ['self.test[127.0.0.1]:25'],
    ],
  ])('%s: %s', async (_, nexthop, changed, expected) => {
    expect(await lookup(nexthop, changed)).toEqual(expected)
  })

  it('C-12: [host] asks for no MX, and a domain with MX for no address of its own', async () => {
    const resolver = newClient('timeout:5 attempts:1') // That knows nothing yet.
    const before = dnsmasq.queries.length
    await lookup('[literal.test]', {}, resolver)
    await lookup('order.test', {}, resolver)
    await lookup('192.0.2.9', {}, resolver)
    const asked = ['A literal.test', 'MX order.test', 'A a.test', 'A b.test']
    expect(dnsmasq.queries.slice(before).sort()).toEqual(asked.sort())
  })

  it('C-18: no more than 100 addresses', async () => {
    expect(await lookup('many.test')).toHaveLength(100)
  })

  it.each([
    ['even-mx.test', 2],
    ['two-mx.test', 3],
    ['[two.test]', 2],
    ['even.test:submission', 2],
  ])('C-25, C-34: those that are as good come in any order: %s', async (nexthop, count) => {
    const orders = new Set<string>()
    for (let at = 0; at < 200; at++) {
      const servers = await lookup(nexthop, { randomizeAddresses: true })
      expect(servers).toHaveLength(count)
      orders.add(servers.join())
    }
    expect(orders.size).toBe(count === 3 ? 6 : 2)
  })

  it('C-25: the better one stays first when the others are shuffled', async () => {
    for (let at = 0; at < 20; at++) {
      const [first] = await lookup('order.test', { randomizeAddresses: true })
      expect(first).toBe('a.test[192.0.2.1]:25')
    }
  })

  it.each([
    ['ipv6', true, '66644'],
    ['ipv4', true, '44666'],
    ['ipv4', false, '44666666'],
  ] as const)(
    'C-26: %s first, balanced: %s',
    async (addressPreference, balanceProtocols, expected) => {
      const protocols = ['ipv6', 'ipv4'] as const
      const changed = { protocols, addressPreference, balanceProtocols }
      const servers = await lookup('wide-mx.test', changed)
      expect(servers.map((one) => (one.includes('::') ? '6' : '4')).join('')).toBe(expected)
      expect(new Set(servers).size).toBe(servers.length)
    },
  )

  it.each([
    ['unsure1.test', [`4.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`]],
    ['unsure2.test', [`4.4.3 ${NOT_FOUND} name=down.broken.test type=A: ${TRY_AGAIN}`]],
    ['unsure3.test', ['b.test[192.0.2.2]:25']],
  ])('C-18, C-19: a target that cannot be looked up: %s', async (nexthop, expected) => {
    const impatient = newClient('timeout:1 attempts:1')
    expect(await lookup(nexthop, {}, impatient)).toEqual(expected)
  })

  it('C-34: SRV that cannot be asked for, then MX if such errors are ignored', async () => {
    const impatient = newClient('timeout:1 attempts:1')
    const name = '_submission._tcp.broken.test'
    const failed = `4.4.3 ${NOT_FOUND} name=${name} type=SRV: ${TRY_AGAIN}`
    expect(await lookup('broken.test:submission', {}, impatient)).toEqual([failed])
    const changed = { ignoreSrvLookupError: true }
    const [text] = await lookup('broken.test:submission', changed, impatient)
    expect(text).toBe(`4.4.3 ${NOT_FOUND} name=broken.test type=MX: ${TRY_AGAIN}`)
  })

  it('C-17: a server that fails: put off, or the address if errors are ignored', async () => {
    const impatient = newClient('timeout:1 attempts:1')
    const [text] = await lookup('broken.test', {}, impatient)
    expect(text).toBe(`4.4.3 ${NOT_FOUND} name=broken.test type=MX: ${TRY_AGAIN}`)
    const [other] = await lookup('broken.test', { ignoreMxLookupError: true }, impatient)
    expect(other).toBe(`4.4.3 ${NOT_FOUND} name=broken.test type=A: ${TRY_AGAIN}`)
  })

  it('C-18: targets without address, to be put off', async () => {
    const [text] = await lookup('noaddress.test', { deferIfNoMxAddressFound: true })
    expect(text).toBe(`4.4.4 ${NOT_FOUND} name=gone.test type=A: Host not found`)
  })

  it('C-29: named by the end of the alias', async () => {
    const changed = { cnameOverridesServername: true }
    expect(await lookup('alias-mx.test', changed)).toEqual(['a.test[192.0.2.1]:25'])
  })

  it.each([
    [['ipv4'], ['both.test[192.0.2.5]:25']],
    [['ipv6'], ['both.test[2001:db8::5]:25']],
    [
      ['ipv6', 'ipv4'],
      ['both.test[2001:db8::5]:25', 'both.test[192.0.2.5]:25'],
    ],
  ] as const)('C-16: %j', async (protocols, expected) => {
    expect(await lookup('both-mx.test', { protocols })).toEqual(expected)
  })

  it('C-16: a host with addresses of the other family only', async () => {
    const [text] = await lookup('[six.test]')
    expect(text).toMatch(/^5\.4\.4 .*type=A: Host found but no data record of requested type$/)
  })

  it('C-25: a preferred family goes first', async () => {
    const protocols = ['ipv6', 'ipv4'] as const
    const changed = { protocols, addressPreference: 'ipv4', randomizeAddresses: true } as const
    const servers = ['both.test[192.0.2.5]:25', 'both.test[2001:db8::5]:25']
    expect(await lookup('both-mx.test', changed)).toEqual(servers)
  })

  it('C-34: without SRV, MX if that is allowed', async () => {
    const changed = { allowSrvLookupFallback: true }
    expect(await lookup('nosrv.test:submission', changed)).toEqual(['a.test[192.0.2.1]:587'])
  })

  it('C-13: a short name, with the options of the resolver', async () => {
    expect((await lookup('[a]'))[0]).toMatch(/^4\.4\.3 /)
    const changed = { resolverOptions: ['res_defnames'] as const }
    expect(await lookup('[a]', changed)).toEqual(['a[192.0.2.1]:25'])
  })

  it.each(['edns0', 'use-vc', 'edns0 use-vc'])('options %s: large answers, too', async (words) => {
    const resolver = newClient(`timeout:5 ${words}`)
    expect(await lookup('large.test', {}, resolver)).toEqual(['a.test[192.0.2.1]:25'])
  })

  it('asks once for what it knows', async () => {
    await lookup('order.test')
    const before = dnsmasq.queries.length
    await lookup('order.test')
    await lookup('ORDER.test')
    expect(dnsmasq.queries.slice(before)).toEqual([])
  })
})
