import { describe, expect, it } from 'vitest'

import {
  type Config,
  parameters,
  parametersWithoutEffect,
  parseMainCf,
  resolveConfig,
  unsupportedSettings,
} from './index.ts'
import { referencesIn } from './references.ts'

const FILE = '/etc/postfix/main.cf'
const TRANSPORTS = ['smtp', 'slow']

function configOf(mainCf: string, overrides: readonly (readonly [string, string])[] = []): Config {
  return resolveConfig({
    mainCf: parseMainCf(`compatibility_level = 3.6\n${mainCf}`, FILE),
    overrides,
    overridesAt: { file: '/etc/postfix/master.cf', line: 7 },
    environment: {
      hostname: 'mx.example.com',
      configDirectory: '/etc/postfix',
      processName: 'test',
      processId: 1,
      interfaceAddresses: [],
      readFile: () => new Uint8Array(),
    },
  })
}

describe('unsupportedSettings', () => {
  it('finds nothing in the defaults', () => {
    expect(unsupportedSettings(configOf(''), TRANSPORTS)).toEqual([])
  })

  it.each([
    'non_smtpd_milters = unix:/run/milter.sock',
    'virtual_maps = hash:/etc/postfix/virtual',
  ])('refuses %s, which would change what becomes of mail', (line) => {
    const [name = '', value] = line.split(' = ')
    const errors = unsupportedSettings(configOf(`${line}\n`), TRANSPORTS)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({
      ...{ code: 'unsupported', file: FILE, line: 2, parameter: name, value },
      message: `${line}: not supported by this version of posthouse`,
      expected: expect.any(String),
    })
    expect(parametersWithoutEffect([configOf(`${line}\n`)])).toEqual([])
  })

  it.each([
    'non_smtpd_milters =',
    'smtp_tls_security_level =',
    'smtp_tls_security_level = Encrypt',
    'default_destination_rate_delay = 1s',
    'slow_transport_rate_delay = 2s',
  ])('lets %s pass', (line) => {
    expect(unsupportedSettings(configOf(`${line}\n`), TRANSPORTS)).toEqual([])
  })

  it('defaults that can be refused come from parameters that are refused themselves', () => {
    for (const [name, row] of parameters) {
      if (row.supportedValues === undefined) continue
      for (const other of referencesIn(row.default ?? '')) {
        const isRefused = parameters.get(other)?.supportedValues !== undefined
        expect(isRefused, `${other}, for ${name}`).toBe(true)
      }
    }
  })
})

describe('parametersWithoutEffect', () => {
  it('names nothing in the defaults, set or not', () => {
    const defaults = 'smtp_tls_loglevel = 0\nnotify_classes = resource,software\nmax_idle = 100\n'
    expect(parametersWithoutEffect([configOf('')])).toEqual([])
    expect(parametersWithoutEffect([configOf(defaults.replace('100', '100s'))])).toEqual([])
  })

  it('names each parameter that changes nothing, by reason, once', () => {
    const text = `\
smtpd_banner = x
biff = no
smtp_tls_enable_rpk = yes
smtp_tlsrpt_enable = yes
slow_time_limit = 3
smtpd_recipient_limit = 10
qmqpd_timeout = 10s
nobody_knows_this = x
`
    expect(parametersWithoutEffect([configOf(text), configOf(text)])).toEqual([
      `${FILE}: no effect (of services that are not there, such as smtpd, postscreen or local): ` +
        'smtpd_banner, biff, smtpd_recipient_limit',
      `${FILE}: no effect (Node has TLS with certificates only): smtp_tls_enable_rpk`,
      `${FILE}: no effect (how a collector of TLS reports is spoken to is not documented): ` +
        'smtp_tlsrpt_enable',
      `${FILE}: no effect (nothing is delivered on this machine): slow_time_limit`,
    ])
  })

  it('does not name what another value refers to', () => {
    const networks = 'mynetworks = 192.0.2.0/24\n'
    expect(parametersWithoutEffect([configOf(networks)])).toHaveLength(1)
    const used = configOf(networks, [['qmqpd_authorized_clients', '$mynetworks']])
    expect(parametersWithoutEffect([configOf(networks), used])).toEqual([])
  })
})
