import { constants } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Config, ParameterName } from '@posthouse/config'

// Where OpenSSL has nothing left to work around, names are good for configurations of old.
const WORKAROUNDS: Readonly<Record<string, number>> = {
  CRYPTOPRO_TLSEXT_BUG: constants.SSL_OP_CRYPTOPRO_TLSEXT_BUG,
  DONT_INSERT_EMPTY_FRAGMENTS: constants.SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS,
  LEGACY_SERVER_CONNECT: constants.SSL_OP_LEGACY_SERVER_CONNECT,
  TLSEXT_PADDING: 0x10, // Node has no name for it.
  MICROSOFT_BIG_SSLV3_BUFFER: 0,
  MICROSOFT_SESS_ID_BUG: 0,
  MSIE_SSLV2_RSA_PADDING: 0,
  'CVE-2005-2969': 0,
  NETSCAPE_CHALLENGE_BUG: 0,
  NETSCAPE_REUSE_CIPHER_CHANGE_BUG: 0,
  'CVE-2010-4180': 0,
  SSLEAY_080_CLIENT_DH_BUG: 0,
  SSLREF2_REUSE_CERT_TYPE_BUG: 0,
  TLS_BLOCK_PADDING_BUG: 0,
  TLS_D5_BUG: 0,
  TLS_ROLLBACK_BUG: constants.SSL_OP_TLS_ROLLBACK_BUG,
}
const OPTIONS: Readonly<Record<string, number>> = {
  ENABLE_MIDDLEBOX_COMPAT: 0x10_0000, // Nor for this.
  LEGACY_SERVER_CONNECT: constants.SSL_OP_LEGACY_SERVER_CONNECT,
  NO_TICKET: constants.SSL_OP_NO_TICKET,
  NO_COMPRESSION: constants.SSL_OP_NO_COMPRESSION,
  NO_RENEGOTIATION: constants.SSL_OP_NO_RENEGOTIATION,
  NO_SESSION_RESUMPTION_ON_RENEGOTIATION: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
  PRIORITIZE_CHACHA: constants.SSL_OP_PRIORITIZE_CHACHA,
}
// What has parameters of its own.
const MANAGED =
  constants.SSL_OP_NO_SSLv3 |
  constants.SSL_OP_NO_TLSv1 |
  constants.SSL_OP_NO_TLSv1_1 |
  constants.SSL_OP_NO_TLSv1_2 |
  constants.SSL_OP_NO_TLSv1_3 |
  constants.SSL_OP_CIPHER_SERVER_PREFERENCE
const MASK = /^0x[0-9a-f]{1,16}$/i

/**
 * The bits `SSL_OP_…`: all work-arounds for the bugs of others but those of
 * `tls_disable_workarounds`, and what `tls_ssl_options` adds. Those of 2^32 and up are ignored.
 *
 * @throws {ConfigError} A name is not known.
 */
export function opensslOptions(config: Config): number {
  const disabled = bits('tls_disable_workarounds', config, WORKAROUNDS)
  const enabled = bits('tls_ssl_options', config, OPTIONS)
  return ((constants.SSL_OP_ALL & ~disabled) | (enabled & ~MANAGED)) >>> 0
}

function bits(
  name: ParameterName & ('tls_disable_workarounds' | 'tls_ssl_options'),
  config: Config,
  known: Readonly<Record<string, number>>,
): number {
  return config[name].reduce((sum, word) => {
    // Beyond 32 bits a number would lose the low ones.
    if (MASK.test(word)) return sum | Number.parseInt(word.slice(2).slice(-8), 16)
    const bit = known[word.toUpperCase()]
    if (bit !== undefined) return sum | bit
    const expected = `a mask such as 0x800, or names: ${Object.keys(known).join(', ')}`
    throw config.settings.error(name, `${name}: unknown option "${word}"`, expected)
  }, 0)
}

/** The groups for the exchange of keys, without those that OpenSSL does not have. */
export function keyExchangeGroups(config: Config): string[] {
  return [...config.tls_eecdh_auto_curves, ...config.tls_ffdhe_auto_groups].filter(isGroup)
}

function isGroup(name: string): boolean {
  try {
    createSecureContext({ ecdhCurve: name })
    return true
  } catch {
    return false
  }
}
