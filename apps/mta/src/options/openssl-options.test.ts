import { constants } from 'node:crypto'
import { parseMainCf, resolveConfig } from '@posthouse/config'
import { expect, it } from 'vitest'

import { keyExchangeGroups, opensslOptions } from './openssl-options.ts'

function configOf(text: string) {
  return resolveConfig({
    mainCf: parseMainCf(text, 'main.cf'),
    environment: {
      hostname: 'mx.example.test',
      configDirectory: '/conf',
      processName: 'smtp',
      processId: 42,
      interfaceAddresses: [],
      readFile: () => Buffer.alloc(0),
    },
  })
}

const ALL = constants.SSL_OP_ALL >>> 0
const PADDING = 0x10

it.each([
  ['', ALL],
  ['tls_disable_workarounds = tlsext_padding, TLS_D5_BUG', ALL & ~PADDING],
  ['tls_disable_workarounds = 0xFFFFFFFFFFFFFFFF', 0],
  ['tls_ssl_options = no_ticket LEGACY_SERVER_CONNECT', ALL | 0x4004],
  // Protocols have parameters of their own.
  ['tls_ssl_options = 0x20004000', ALL | 0x4000],
])('tls_ssl_options, tls_disable_workarounds: %j', (text, bits) => {
  expect(opensslOptions(configOf(`${text}\n`)).toString(16)).toBe((bits >>> 0).toString(16))
})

it.each(['tls_ssl_options', 'tls_disable_workarounds'])('%s names what there is', (name) => {
  const expected = `${name}: unknown option "NONSENSE"`
  expect(() => opensslOptions(configOf(`${name} = NONSENSE\n`))).toThrow(expected)
})

it('tls_eecdh_auto_curves, tls_ffdhe_auto_groups: what OpenSSL does not have is left out', () => {
  const text = 'tls_eecdh_auto_curves = X25519 nonsense P-256\ntls_ffdhe_auto_groups = ffdhe3072\n'
  expect(keyExchangeGroups(configOf(text))).toEqual(['X25519', 'P-256', 'ffdhe3072'])
})
