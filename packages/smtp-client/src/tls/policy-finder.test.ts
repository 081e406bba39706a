import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { tlsDefaults } from '../../test/tls-settings.ts'
import { PolicyFinder } from './policy-finder.ts'
import type { TlsOptions, TlsTable } from './tls-options.ts'

async function levelOf(options: Partial<TlsOptions>, destination: string, host = 'mx.example') {
  const { logger, lines } = memoryLogger()
  const finder = new PolicyFinder({ ...tlsDefaults, ...options }, logger, (name) => name)
  const found = await finder.find(destination, host)
  return found.kind === 'policy' ? found.policy.level : [found.status, found.text, ...lines]
}

function asked(answers: Readonly<Record<string, string>>): { table: TlsTable; keys: string[] } {
  const keys: string[] = []
  const table = async (key: string): Promise<string | undefined> => {
    keys.push(key)
    return answers[key]
  }
  return { table, keys }
}

it.each([
  ['sub.example.com', ['sub.example.com', '.example.com', '.com']],
  ['example.com:587', ['example.com:587']],
  ['[mx.example.com]', ['[mx.example.com]']],
  ['192.0.2.1', ['192.0.2.1']],
])('C-134: for %s asks for %j', async (destination, expected) => {
  const { table, keys } = asked({})
  expect(await levelOf({ policyMaps: table, level: 'may' }, destination)).toBe('may')
  expect(keys).toEqual(expected)
})

it('C-134: a hit replaces the level for all, even downwards', async () => {
  const { table } = asked({ '.com': 'none' })
  expect(await levelOf({ policyMaps: table, level: 'encrypt' }, 'example.com')).toBe('none')
})

it.each<[string | undefined, string | undefined, TlsOptions['level'], string]>([
  ['MUST', 'NONE', 'none', 'verify'],
  ['MAY', 'MUST_NOPEERMATCH', 'none', 'encrypt'],
  ['NONE', 'MAY', 'may', 'none'],
  ['MAY', undefined, 'encrypt', 'encrypt'],
  ['MAY', undefined, 'none', 'may'],
  [undefined, undefined, 'may', 'may'],
])('C-138: per site %s and %s on top of %s is %s', async (site, host, level, expected) => {
  const { table } = asked({
    ...(site === undefined ? {} : { 'example.com': site }),
    ...(host === undefined ? {} : { 'mx.example': host }),
  })
  expect(await levelOf({ perSite: table, level }, 'example.com')).toBe(expected)
})

it('C-138: says what it cannot read', async () => {
  const { table } = asked({ 'mx.example': 'perhaps' })
  const warning =
    "warning: smtp_tls_per_site: unknown TLS policy 'perhaps' for server hostname mx.example"
  const expected = ['4.7.5', 'client TLS configuration problem', warning]
  expect(await levelOf({ perSite: table }, 'example.com')).toEqual(expected)
})

it.each([
  ['[a.test]:26', 'next-hop destination "[a.test]:26"', 1],
  ['mx.example', 'server hostname "mx.example"', 2],
])('C-138: a table that cannot answer about %s defers', async (failing, what, times) => {
  const keys: string[] = []
  const table = async (key: string): Promise<undefined> => {
    keys.push(key)
    if (key === failing) throw new Error('down')
  }
  const warning = `warning: smtp_tls_per_site: ${what}: per-site table lookup error`
  const expected = ['4.3.0', 'Temporary lookup error', warning]
  expect(await levelOf({ perSite: table }, '[a.test]:26')).toEqual(expected)
  expect(keys).toHaveLength(times)
})

it('C-148: a fingerprint must look like one, and there must be one', async () => {
  const options = { level: 'fingerprint', fingerprints: ['Nonsense', 'aa:BB'] } as const
  expect(await levelOf(options, 'example.com')).toBe('fingerprint')
  const problem =
    'nexthop domain example.com: configured at fingerprint security level, ' +
    'but with no fingerprints to match.'
  expect(await levelOf({ ...options, fingerprints: ['Nonsense'] }, 'example.com')).toEqual([
    ...['4.7.5', 'client TLS configuration problem'],
    ...['warning: malformed fingerprint value: Nonsense', `warning: ${problem}`],
  ])
})

it.each([
  ['may', 'none', 'smtp_connect_local: opportunistic TLS encryption is not appropriate for'],
  ['encrypt', 'encrypt', undefined],
  ['dane', '4.7.5', 'private/x: the "dane" security level is invalid for delivery via'],
  ['dane-only', '4.7.5', 'private/x: the "dane" security level is invalid for delivery via'],
] as const)('a UNIX-domain socket at the level %s has %s', async (level, expected, warning) => {
  const { logger, lines } = memoryLogger()
  const finder = new PolicyFinder({ ...tlsDefaults, level }, logger, (name) => name)
  const found = await finder.findLocal('private/x', 'mx.example')
  expect(found.kind === 'policy' ? found.policy.level : found.status).toBe(expected)
  expect(lines.map((line) => line.replace(/ unix-domain .*$/, ''))).toEqual(
    warning === undefined ? [] : [`warning: ${warning}`],
  )
})

it('C-149: a name for SNI must be one', async () => {
  const warning = 'warning: "smtp_tls_servername = a b" specifies an invalid hostname'
  const expected = ['4.7.5', 'client TLS configuration problem', warning]
  expect(await levelOf({ level: 'may', servername: 'a b' }, 'example.com')).toEqual(expected)
  expect(await levelOf({ level: 'may', servername: 'nexthop' }, 'example.com')).toBe('may')
})
