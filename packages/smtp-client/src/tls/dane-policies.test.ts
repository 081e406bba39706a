import { memoryLogger } from '@posthouse/mail-log'
import type { DnsTrail, MailServer, TlsaResult } from '@posthouse/mx-lookup'
import { describe, expect, it } from 'vitest'

import { foundTlsa, type TlsaRecord, tlsa } from '../../test/dane-records.ts'
import { tlsDefaults } from '../../test/tls-settings.ts'
import { DanePolicies } from './dane-policies.ts'
import { parsePolicy } from './policy-attributes.ts'
import { TlsLogLevels } from './tls-log-levels.ts'
import type { DaneOptions, TlsOptions } from './tls-options.ts'

const TRAIL: DnsTrail = {
  route: 'secure',
  domains: ['dane.test', 'alias.test'],
  host: 'mx.dane.test',
  owner: 'mx.dane.test',
  isAddressSecure: true,
}
const GOOD = tlsa('3 1 1 server')
const NONE: TlsaResult = { kind: 'none' }

interface Case {
  readonly policy?: string
  readonly route?: DnsTrail['route']
  readonly dane?: Partial<DaneOptions>
  readonly options?: Partial<TlsOptions>
}

async function find(result: TlsaResult | undefined, changes: Case = {}) {
  const { policy = 'dane', route = 'secure', dane, options: others } = changes
  const { logger, lines } = memoryLogger()
  const options = { ...tlsDefaults, ...others, dane: { ...tlsDefaults.dane, ...dane } }
  const parsed = parsePolicy(policy, options)
  if ('problem' in parsed) throw new Error(parsed.problem)
  const asked: MailServer[] = []
  const ask = async (server: MailServer) => {
    asked.push(server)
    return result ?? NONE
  }
  const server: MailServer = {
    ...{ name: 'mx.dane.test', address: '192.0.2.1', family: 4, port: 25, preference: 10 },
    trail: { ...TRAIL, route },
  }
  const tlsa = result === undefined ? undefined : ask
  const logLevels = new TlsLogLevels(options, logger, (name) => name)
  const policies = new DanePolicies(options, { tlsa, log: logger, logLevels })
  const found = await policies.find(parsed.policy, 'dane.test', server)
  return { found, lines, asked: asked.length }
}

/** The level, or the text with which mail waits. */
async function outcome(result: TlsaResult | undefined, changes: Case = {}): Promise<string> {
  const { found } = await find(result, changes)
  if (found.kind === 'policy') return found.policy.level
  expect(found.status).toBe('4.7.5')
  return found.text
}

describe('the table of C-156', () => {
  const unusable: TlsaRecord = { ...GOOD, usage: 1 }
  const unreadable: TlsaRecord = { ...GOOD, selector: 7 }

  it.each<[string, TlsaResult, Case['route'], string, string]>([
    ['usable', foundTlsa(GOOD), 'secure', 'dane', 'dane-only'],
    ['usable, without MX records', foundTlsa(GOOD), 'none', 'dane', 'dane-only'],
    ['none', NONE, 'secure', 'may', 'no TLSA records found'],
    [
      'the lookup fails',
      { kind: 'failed' },
      'secure',
      'TLSA lookup error for mx.dane.test:25',
      'TLSA lookup error for mx.dane.test:25',
    ],
    ['another usage', foundTlsa(unusable), 'secure', 'encrypt', 'TLSA records unusable'],
    ['not to be read', foundTlsa(unreadable), 'secure', 'dane', 'TLSA records unusable'],
    ['one of them usable', foundTlsa(unusable, unreadable, GOOD), 'secure', 'dane', 'dane-only'],
    ['usable, MX insecure', foundTlsa(GOOD), 'insecure', 'halfdane', 'non DNSSEC destination'],
    [
      'another usage, MX insecure',
      foundTlsa(unusable),
      'insecure',
      'encrypt',
      'non DNSSEC destination',
    ],
  ])('%s', async (_, result, route = 'none', dane, only) => {
    expect(await outcome(result, { route })).toBe(dane)
    expect(await outcome(result, { route, policy: 'dane-only' })).toBe(only)
  })

  it.each([
    ['may', 'may', 0],
    ['encrypt', 'encrypt', 1],
    ['dane', 'halfdane', 1],
  ] as const)(
    'MX insecure, smtp_tls_dane_insecure_mx_policy = %s',
    async (policy, level, count) => {
      const changes = { route: 'insecure', dane: { insecureMxPolicy: policy } } as const
      const { found, asked } = await find(foundTlsa(GOOD), changes)
      expect(found).toMatchObject({ policy: { level } })
      expect(asked).toBe(count)
      expect(await outcome(NONE, changes)).toBe('may')
    },
  )
})

it.each<[DaneOptions['obstacle'], string]>([
  ['no-dnssec', 'LEVEL configured with dnssec lookups disabled'],
  ['ignored-mx-errors', 'LEVEL configured with MX lookup errors ignored'],
  ['resolver-options', 'dns resolver options incompatible with LEVEL TLS'],
  [undefined, 'LEVEL configured, but no requisite library support'],
])('C-155: with DNS as it is, %s, nobody is asked', async (obstacle, text) => {
  const result = obstacle === undefined ? undefined : foundTlsa(GOOD)
  for (const [policy, expected] of [
    ['dane', { policy: { level: 'may' } }],
    ['dane-only', { text: 'client TLS configuration problem' }],
  ] as const) {
    const { found, lines, asked } = await find(result, { policy, dane: { obstacle } })
    expect(found).toMatchObject(expected)
    expect(lines).toEqual([`warning: dane.test: ${text.replace('LEVEL', policy)}`])
    expect(asked).toBe(0)
  }
})

it('C-157: a server has to prove its own name or that of the domain', async () => {
  const { found } = await find(foundTlsa(GOOD))
  const names = ['mx.dane.test', 'dane.test', 'alias.test']
  expect(found).toMatchObject({ policy: { dane: { baseDomain: 'mx.dane.test', names } } })
})

it('C-135, C-140: a table counts at whatever level it comes to, else its parameters do', async () => {
  const options = {
    protocols: '>=TLSv1',
    mandatoryProtocols: '>=TLSv1.2',
    mandatoryCiphers: 'high',
  }
  const policy = 'dane ciphers=low'
  const usable = await find(foundTlsa(GOOD), { policy, options })
  expect(usable.found).toMatchObject({ policy: { protocols: '>=TLSv1.2', ciphers: 'low' } })
  const none = await find(NONE, { policy, options })
  expect(none.found).toMatchObject({ policy: { protocols: '>=TLSv1', ciphers: 'low' } })
})

it('C-154, C-156: says which records there are, and which count for nothing', async () => {
  const usage = { ...GOOD, usage: 9, certificate: Buffer.from('ab') }
  const long = { ...GOOD, matchingType: 0, certificate: Buffer.alloc(65, 1) }
  const options = { logClasses: new Set(['dane'] as const) }
  const records = foundTlsa(usage, { ...GOOD, certificate: Buffer.of(255) }, long)
  const { lines } = await find(records, { policy: 'dane-only', options })
  const ends = '01'.repeat(32)
  expect(lines).toEqual([
    'warning: _25._tcp.mx.dane.test unsupported TLSA certificate usage: 9 1 1 6162',
    'DNSSEC-signed TLSA record: _25._tcp.mx.dane.test: 3 1 1 FF',
    `DNSSEC-signed TLSA record: _25._tcp.mx.dane.test: 3 1 0 ${ends}...${ends}`,
    'warning: mx.dane.test[192.0.2.1]:25: unusable TLSA RR: 3 1 1 FF',
    `warning: mx.dane.test[192.0.2.1]:25: unusable TLSA RR: 3 1 0 ${ends}...${ends}`,
  ])
})
