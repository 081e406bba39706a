import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { Logger } from '@posthouse/mail-log'

import type { TlsOptions } from '../src/index.ts'
import { parseTlsLevel } from '../src/tls/tls-level.ts'
import { parseTlsLogLevel } from '../src/tls/tls-log.ts'

/** A file of `vectors/tls`: certificates of 2020 to 2120, but `expired`. */
export function pem(name: string): string {
  return readFileSync(new URL(`../vectors/tls/${name}`, import.meta.url), 'utf8')
}

/** `AA:BB:…` */
export function certificateDigest(name: string): string {
  const digest = createHash('sha256').update(new X509Certificate(pem(`${name}.pem`)).raw)
  return digest
    .digest('hex')
    .toUpperCase()
    .replace(/(..)(?=.)/g, '$1:')
}

/** SHA-256 of the key in a certificate. */
export function publicKeyDigest(name: string): Buffer {
  const key = new X509Certificate(pem(`${name}.pem`)).publicKey
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

/** What Postfix does by default, and certificates of the vectors' authority are good. */
export const tlsDefaults: TlsOptions = {
  level: 'none',
  policyMaps: undefined,
  perSite: undefined,
  heedsTlsRequired: true,
  wrapperMode: false,
  starttlsTimeoutMs: 10_000,
  noteStarttlsOffer: false,
  blockEarlyMailReply: false,
  connectionReuse: false,
  enforceStsMxPatterns: true,
  plaintextAfterMs: 300_000,
  protocols: '>=TLSv1',
  mandatoryProtocols: '>=TLSv1',
  ciphers: 'medium',
  mandatoryCiphers: 'medium',
  cipherLists: {
    high: 'aNULL:-aNULL:HIGH:@STRENGTH',
    medium: 'aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH',
    null: 'eNULL:!aNULL',
  },
  excludeCiphers: [],
  mandatoryExcludeCiphers: [],
  curves: [],
  secureOptions: 0,
  verifyMatch: ['hostname'],
  secureMatch: ['nexthop', 'dot-nexthop'],
  fingerprints: [],
  fingerprintDigest: 'sha256',
  dane: {
    obstacle: undefined,
    insecureMxPolicy: 'dane',
    digests: [
      { name: 'sha512', matchingType: 2 },
      { name: 'sha256', matchingType: 1 },
    ],
  },
  servername: '',
  authorities: [pem('ca.pem')],
  trustAnchors: [],
  readTrustAnchors: (path) => [pem(path)],
  verifyDepth: 9,
  certificates: [],
  keys: [],
  sessionCacheMs: 0,
  logClasses: new Set(['summary'] as const),
  logLevelMaps: undefined,
}

/** The options of a dialogue's main.cf; undefined if it has nothing about TLS. */
export function tlsOptions(
  config: Readonly<Record<string, string>>,
  withPorts: (text: string) => string,
  secondMs: number,
  log: Logger,
): TlsOptions | undefined {
  const names = Object.keys(config).filter((name) => /tls/.test(name))
  if (names.length === 0) return undefined
  const text = (name: string, otherwise = ''): string => withPorts(config[name] ?? otherwise)
  const isYes = (name: string, otherwise = 'no'): boolean => text(name, otherwise) === 'yes'
  const seconds = (name: string, otherwise: number): number =>
    name in config ? Number.parseInt(text(name), 10) * secondMs : otherwise
  const legacy = isYes('smtp_enforce_tls')
    ? isYes('smtp_tls_enforce_peername', 'yes')
      ? 'verify'
      : 'encrypt'
    : isYes('smtp_use_tls')
      ? 'may'
      : 'none'
  const protocols = text('smtp_tls_mandatory_protocols', tlsDefaults.mandatoryProtocols)
  return {
    ...tlsDefaults,
    level: parseTlsLevel(text('smtp_tls_security_level')) ?? legacy,
    policyMaps: inlineTable(text('smtp_tls_policy_maps'), log),
    perSite: inlineTable(text('smtp_tls_per_site'), log),
    wrapperMode: isYes('smtp_tls_wrappermode'),
    starttlsTimeoutMs: seconds('smtp_starttls_timeout', tlsDefaults.starttlsTimeoutMs),
    noteStarttlsOffer: isYes('smtp_tls_note_starttls_offer'),
    connectionReuse: isYes('smtp_tls_connection_reuse'),
    plaintextAfterMs: seconds('minimal_backoff_time', tlsDefaults.plaintextAfterMs),
    mandatoryProtocols: protocols,
    fingerprints: text('smtp_tls_fingerprint_cert_match')
      .replace(/CERT_SHA256\((\w+)\)/g, (_, name) => certificateDigest(name))
      .split(' ')
      .filter((fingerprint) => fingerprint !== ''),
    logClasses: parseTlsLogLevel(text('smtp_tls_loglevel', '0'))!,
  }
}

/** `inline:{key=value, …}`, `fail:x`, or nothing. */
export function inlineTable(text: string, log: Logger) {
  if (text === '') return undefined
  if (!text.startsWith('inline:')) {
    return (key: string): string | undefined => {
      log.warning(`${text} lookup error for "${key}"`)
      throw new Error(text)
    }
  }
  const entries = text.replace(/^inline:\{|\}$/g, '')
  const pairs = [...entries.matchAll(/\{([^{}]*)\}|[^,\s{}]+/g)].map(([whole, braced]) => {
    const [, key = '', value = ''] = /^(.*?)=(.*)$/.exec((braced ?? whole).trim())!
    return [key.trim(), value.trim()] as const
  })
  const table = new Map(pairs)
  return (key: string): string | undefined => table.get(key)
}
