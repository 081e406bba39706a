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
]

const PORTS = {
  defaultService: 'smtp',
  knownTcpPorts: new Map([
    ['smtp', 25],
    ['submission', 587],
  ]),
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
    const mx = new MxLookup(options, { resolver, random: Math.random, log })
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
