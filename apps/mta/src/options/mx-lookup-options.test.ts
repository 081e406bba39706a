import { parseMainCf, resolveConfig } from '@posthouse/config'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { Tables } from '../tables.ts'
import { mxLookupOptions } from './mx-lookup-options.ts'

function options(...lines: readonly string[]) {
  const config = resolveConfig({
    mainCf: parseMainCf(lines.map((line) => `${line}\n`).join(''), 'main.cf'),
    environment: {
      hostname: 'mx.example.test',
      configDirectory: 'conf',
      processName: 'test',
      processId: 1,
      interfaceAddresses: [],
      readFile: () => new Uint8Array(),
    },
  })
  return mxLookupOptions({ config, log: memoryLogger().logger }, [], new Tables())
}

const DNSSEC = 'smtp_dns_support_level = dnssec'

it('C-11: dnssec asks for validation, and probes for it', () => {
  const dnssecProbe = { type: 'NS', name: '.', text: 'ns:.' }
  expect(options(DNSSEC)).toMatchObject({ dnssec: true, dnsEnabled: true, dnssecProbe })
  expect(options(DNSSEC, 'dnssec_probe =').dnssecProbe).toBeUndefined()
  expect(options()).toMatchObject({ dnssec: false, dnsEnabled: true })
})

it.each(['ns', 'ns:', 'caa:a.test', 'ns:a b'])('dnssec_probe = %s is refused', (text) => {
  const refused = `malformed dnssec_probe: ${text}`
  expect(() => options(`dnssec_probe = ${text}`)).toThrow(refused)
})

it.each([
  ['disable_dns_lookups = yes', false],
  ['smtp_dns_support_level = disabled', false],
  ['smtp_host_lookup = native, dns', true],
])('C-11: %s: DNS %s', (line, dnsEnabled) => {
  expect(options(line).dnsEnabled).toBe(dnsEnabled)
})

it('C-11, C-15: lists are read word by word, in the order of Postfix', () => {
  const { hostLookup, resolverOptions, replyFilter } = options(
    'smtp_host_lookup = native dns',
    'smtp_dns_resolver_options = res_dnsrch,res_defnames',
  )
  expect([hostLookup, resolverOptions]).toEqual([
    ['dns', 'native'],
    ['res_defnames', 'res_dnsrch'],
  ])
  expect(replyFilter).toBeUndefined()
  expect(options('smtp_dns_reply_filter = static:IGNORE').replyFilter?.('a')).toBe('IGNORE')
})

it.each([
  ['all', ['ipv4', 'ipv6']],
  ['ipv6, ipv4', ['ipv4', 'ipv6']],
  ['ipv6', ['ipv6']],
])('C-16: inet_protocols = %s: %j, in the order of Postfix', (value, expected) => {
  expect(options(`inet_protocols = ${value}`).protocols).toEqual(expected)
})
