import { type Config, parseMainCf, parseMasterCf, resolveConfig } from '@posthouse/config'
import { describe, expect, it } from 'vitest'

import { unsupportedSettings } from './unsupported.ts'

const MASTER_CF = 'smtp unix - - n - - smtp\nslow unix - - n - - smtp\n'
const { services } = parseMasterCf(MASTER_CF, {
  file: 'master.cf',
  chrootByDefault: false,
  knownTcpPorts: new Map(),
})

function configOf(mainCf: string): Config {
  return resolveConfig({
    mainCf: parseMainCf(`compatibility_level = 3.6\n${mainCf}`, '/etc/postfix/main.cf'),
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
    expect(unsupportedSettings(configOf(''), services)).toEqual([])
  })

  it.each([
    'transport_maps = hash:/etc/postfix/transport',
    'virtual_maps = hash:/etc/postfix/virtual',
    'mime_header_checks = regexp:/etc/postfix/mime',
    'smtp_tls_security_level = verify',
    'smtp_enforce_tls = yes',
    'smtp_sasl_auth_enable = YES',
    'default_destination_rate_delay = 1s',
    'slow_transport_rate_delay = 2s',
  ])('refuses %s, which would change what becomes of mail', (line) => {
    const [setting] = unsupportedSettings(configOf(line), services)
    expect(setting).toMatchObject({ level: 'fatal' })
    expect(setting?.text).toMatch(/ = \S.*: not supported by this version of posthouse$/)
  })

  it.each([
    ['smtp_tls_security_level = may', 'mail is sent in plaintext'],
    ['debug_peer_list = 192.0.2.1', 'debug_peer_list = 192.0.2.1: has no effect'],
    ['smtp_send_xforward_command = yes', 'smtp_send_xforward_command = yes: has no effect'],
  ])('warns of %s', (line, text) => {
    expect(unsupportedSettings(configOf(line), services)).toEqual([
      { level: 'warning', text: expect.stringContaining(text) },
    ])
  })
})
