import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import {
  type DnsReply,
  type DnsResolver,
  type DnsTrail,
  type MailServer,
  MxLookup,
  type QueryOptions,
  type QueryType,
  type RecordTypes,
  TlsaLookup,
} from './index.ts'

/** A record, an alias, or how a question fails; `!` before it: not signed. */
type Zone = Readonly<Record<string, string>>

const RECORD = { usage: 3, selector: 1, matchingType: 1, certificate: Uint8Array.of(1) }

class SignedZone implements DnsResolver {
  readonly queries: string[] = []
  readonly #zone: Zone

  constructor(zone: Zone) {
    this.#zone = zone
  }

  query<Type extends QueryType>(name: string, type: Type, { dnssec }: QueryOptions) {
    this.queries.push(`${type} ${name}`)
    return { ...this.#reply(name, type), ...(dnssec && { secure: this.#isSigned(name, type) }) }
  }

  #isSigned(name: string, type: QueryType): boolean {
    const data = this.#zone[`${type} ${name}`] ?? this.#zone[`CNAME ${name}`] ?? ''
    const target = /^!?CNAME (.*)/.exec(data)?.[1]
    return !data.startsWith('!') && (target === undefined || this.#isSigned(target, type))
  }

  #reply<Type extends QueryType>(name: string, type: Type): DnsReply<RecordTypes[Type]> {
    const data = (this.#zone[`${type} ${name}`] ?? 'nxdomain').replace('!', '')
    const target = /^CNAME (.*)/.exec(data)?.[1]
    if (target !== undefined && type !== 'CNAME') return this.#reply(target, type)
    if (['nxdomain', 'nodata', 'retry', 'fail', 'loop'].includes(data)) {
      return { kind: data as 'nxdomain', name }
    }
    const owned = { name, ttl: 60 }
    const records: Record<string, object> = {
      A: { ...owned, address: data },
      MX: { ...owned, preference: 10, exchange: data },
      SRV: { ...owned, priority: 1, weight: 0, port: 26, target: data },
      CNAME: { ...owned, target: target ?? '' },
      TLSA: { ...owned, ...RECORD },
    }
    return { kind: 'found', records: [records[type] as RecordTypes[Type]], dropped: 0 }
  }
}

function setUp(zone: Zone, forceInsecureHosts = false, dnssec = true) {
  const resolver = new SignedZone(zone)
  const { logger: log, lines } = memoryLogger()
  const options = { dnssec, resolverOptions: [], forceInsecureHosts }
  const tlsa = new TlsaLookup(resolver, options, log)
  const mx = new MxLookup(
    {
      ...options,
      protocols: ['ipv4'],
      hostLookup: ['dns'],
      dnsEnabled: true,
      randomizeAddresses: false,
      addressPreference: 'any',
      balanceProtocols: false,
      addressLimit: 5,
      ownAddresses: [],
      ignoreMxLookupError: false,
      deferIfNoMxAddressFound: false,
      cnameOverridesServername: false,
      useSrvLookup: ['submission'],
      allowSrvLookupFallback: false,
      ignoreSrvLookupError: false,
    },
    { resolver, random: () => 0, log },
  )
  const firstServer = async (host: string, service = 'smtp'): Promise<MailServer> => {
    const isMx = !host.startsWith('mx')
    const result = await mx.lookup({ host, port: 25, service, mx: isMx })
    if (result.kind === 'failed') throw new Error(result.text)
    return result.servers[0]!
  }
  return { tlsa, firstServer, resolver, lines }
}

const HOST = { 'A mx.d.test': '192.0.2.1', 'MX d.test': 'mx.d.test' }
const TLSA = 'TLSA _25._tcp.mx.d.test'
const ALIAS = {
  'MX d.test': 'mx.d.test',
  'A mx.d.test': 'CNAME real.test',
  'CNAME mx.d.test': 'CNAME real.test',
  'A real.test': '192.0.2.1',
}
const INSECURE_END = { ...ALIAS, 'A real.test': '!192.0.2.1' }
const REAL_TLSA = 'TLSA _25._tcp.real.test'

describe('the trail of a server', () => {
  it.each<[string, Zone, string, DnsTrail]>([
    [
      'MX records and address validated',
      HOST,
      'd.test',
      {
        route: 'secure',
        domains: ['d.test'],
        host: 'mx.d.test',
        owner: 'mx.d.test',
        isAddressSecure: true,
      },
    ],
    [
      'a domain that is an alias, an address that is not validated',
      { 'MX d.test': 'CNAME e.test', 'MX e.test': 'mx.e.test', 'A mx.e.test': '!192.0.2.1' },
      'd.test',
      {
        route: 'secure',
        domains: ['d.test', 'e.test'],
        host: 'mx.e.test',
        owner: 'mx.e.test',
        isAddressSecure: false,
      },
    ],
    [
      'MX records that are not validated, a host that is an alias',
      { ...ALIAS, 'MX d.test': '!mx.d.test' },
      'd.test',
      {
        route: 'insecure',
        domains: ['d.test'],
        host: 'mx.d.test',
        owner: 'real.test',
        isAddressSecure: true,
      },
    ],
    [
      'a host without MX lookup',
      HOST,
      'mx.d.test',
      {
        route: 'none',
        domains: ['mx.d.test'],
        host: 'mx.d.test',
        owner: 'mx.d.test',
        isAddressSecure: true,
      },
    ],
  ])('C-11: %s', async (_, zone, host, trail) => {
    expect((await setUp(zone).firstServer(host)).trail).toEqual(trail)
  })

  it('C-12: SRV records count as MX records do', async () => {
    const zone = { ...HOST, 'SRV _submission._tcp.d.test': '!mx.d.test' }
    const server = await setUp(zone).firstServer('d.test', 'submission')
    expect(server.trail).toMatchObject({ route: 'insecure', domains: ['d.test'] })
  })

  it('C-11: is not known where nobody asked for validation', async () => {
    const { firstServer, tlsa, resolver } = setUp({ ...HOST, [TLSA]: 'x' }, true, false)
    const server = await firstServer('d.test')
    expect(server).not.toHaveProperty('trail')
    expect(await tlsa.lookup(server)).toEqual({ kind: 'none' })
    expect(resolver.queries.filter((query) => query.startsWith('TLSA'))).toEqual([])
  })
})

describe('TLSA records', () => {
  const found = (baseDomain: string) => ({
    kind: 'found',
    service: `_25._tcp.${baseDomain}`,
    baseDomain,
    records: [{ ...RECORD, name: `_25._tcp.${baseDomain}`, ttl: 60 }],
  })
  const none = { kind: 'none' }
  const failed = { kind: 'failed' }

  it.each<[string, Zone, object, string[]]>([
    ['of a host', { ...HOST, [TLSA]: 'x' }, found('mx.d.test'), [TLSA]],
    ['there are none', HOST, none, [TLSA]],
    ['not validated, they count for nothing', { ...HOST, [TLSA]: '!x' }, none, [TLSA]],
    [
      'nobody asks for a host that is not validated',
      { ...HOST, 'A mx.d.test': '!192.0.2.1', [TLSA]: 'x' },
      none,
      [],
    ],
    ['of the end of aliases', { ...ALIAS, [REAL_TLSA]: 'x' }, found('real.test'), [REAL_TLSA]],
    [
      'of an alias, if its end has none',
      { ...ALIAS, [TLSA]: 'x' },
      found('mx.d.test'),
      [REAL_TLSA, TLSA],
    ],
    [
      'of an alias that is signed, if its end is not',
      { ...INSECURE_END, [TLSA]: 'x' },
      found('mx.d.test'),
      ['CNAME mx.d.test', TLSA],
    ],
    [
      'not of an alias without signature',
      { ...INSECURE_END, 'CNAME mx.d.test': '!CNAME real.test', [TLSA]: 'x' },
      none,
      ['CNAME mx.d.test'],
    ],
    [
      'an alias that cannot be asked for is an error',
      { ...INSECURE_END, 'CNAME mx.d.test': 'retry', [TLSA]: 'x' },
      failed,
      ['CNAME mx.d.test'],
    ],
    ['silence is an error', { ...HOST, [TLSA]: 'retry' }, failed, [TLSA]],
    ['so is a refusal', { ...HOST, [TLSA]: 'fail' }, failed, [TLSA]],
    [
      'an error at the end of aliases leads to no weaker name',
      { ...ALIAS, [REAL_TLSA]: 'retry', [TLSA]: 'x' },
      failed,
      [REAL_TLSA],
    ],
  ])('C-156, C-157: %s', async (_, zone, result, asked) => {
    const { firstServer, tlsa, resolver } = setUp(zone)
    const server = await firstServer('d.test')
    const before = resolver.queries.length
    expect(await tlsa.lookup(server)).toEqual(result)
    expect(resolver.queries.slice(before)).toEqual(asked)
  })

  it('C-156: an error is logged in words of DNS', async () => {
    const { firstServer, tlsa, lines } = setUp({ ...HOST, [TLSA]: 'retry' })
    await tlsa.lookup(await firstServer('d.test'))
    expect(lines).toEqual([
      'warning: DANE TLSA lookup problem: Host or domain name not found. ' +
        'Name service error for name=_25._tcp.mx.d.test type=TLSA: Host not found, try again',
    ])
  })

  it('smtp_tls_force_insecure_host_tlsa_lookup: asks for any host', async () => {
    const zone = { ...HOST, 'A mx.d.test': '!192.0.2.1', [TLSA]: 'x' }
    const { firstServer, tlsa } = setUp(zone, true)
    expect(await tlsa.lookup(await firstServer('d.test'))).toEqual(found('mx.d.test'))
  })
})
