import { getHashes } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import type { Config, ParameterName } from '@posthouse/config'
import {
  isCipherGrade,
  isProtocolList,
  parseTlsLevel,
  parseTlsLogLevel,
  type TlsLevel,
  type TlsOptions,
  type TlsTable,
} from '@posthouse/smtp-client'

import type { ClientService } from '../client-services.ts'
import type { ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'
import { daneOptions } from './dane-options.ts'
import { loggedTable } from './logged-table.ts'
import { keyExchangeGroups, opensslOptions } from './openssl-options.ts'
import {
  type ReadFile,
  readCertificateDirectory,
  readCertificates,
  readKeyPairs,
} from './tls-files.ts'

/**
 * TLS of smtp(8), or lmtp(8).
 *
 * @returns undefined if nothing asks for TLS, or wants to know of it.
 * @throws {ConfigError} A value, a file or a table cannot be used.
 */
export function smtpTlsOptions(
  user: ListUser & Pick<ClientService, 'protocol'>,
  tables: Tables,
  read: ReadFile,
): TlsOptions | undefined {
  const { config, log } = user
  const level = securityLevel(config)
  const policyMaps = table('smtp_tls_policy_maps', user, tables)
  const perSite = table('smtp_tls_per_site', user, tables)
  if (policyMaps !== undefined && perSite !== undefined) {
    const text = 'smtp_tls_per_site ignored when smtp_tls_policy_maps is not empty.'
    log.warning(text.replaceAll('smtp_', `${user.protocol}_`))
  }
  const { smtp_tls_wrappermode: wrapperMode, smtp_tls_note_starttls_offer: noteOffer } = config
  const isUsed = level !== 'none' || policyMaps !== undefined || perSite !== undefined
  if (!isUsed && !wrapperMode && !noteOffer) return undefined
  return {
    level,
    policyMaps,
    perSite,
    heedsTlsRequired: config.tls_required_enable,
    wrapperMode,
    noteStarttlsOffer: noteOffer,
    starttlsTimeoutMs: config.smtp_starttls_timeout,
    blockEarlyMailReply: config.smtp_tls_block_early_mail_reply,
    connectionReuse: config.smtp_tls_connection_reuse,
    enforceStsMxPatterns: config.smtp_tls_enforce_sts_mx_patterns,
    plaintextAfterMs: config.minimal_backoff_time,
    ...cipherOptions(config),
    ...matchOptions(config),
    dane: daneOptions(config),
    ...trustOptions(config, read),
    ...readKeyPairs(config, read),
    sessionCacheMs: sessionCacheMs(config),
    logClasses: logClasses(user),
    logLevelMaps: table('smtp_tls_loglevel_maps', user, tables),
  }
}

/** C-150. The name of the table says only that sessions are kept. */
function sessionCacheMs(config: Config): number {
  const { smtp_tls_session_cache_database: name, smtp_tls_session_cache_timeout: timeMs } = config
  return name === '' ? 0 : timeMs
}

/** C-132. */
function securityLevel(config: Config): TlsLevel {
  const { smtp_tls_security_level: text, settings } = config
  const { smtp_use_tls, smtp_enforce_tls, smtp_tls_enforce_peername } = config
  if (text !== '') {
    const level = parseTlsLevel(text)
    if (level !== undefined) return level
    const expected = 'none, may, encrypt, fingerprint, dane, dane-only, verify or secure'
    throw settings.error('smtp_tls_security_level', `Invalid TLS level "${text}"`, expected)
  }
  if (smtp_enforce_tls) return smtp_tls_enforce_peername ? 'verify' : 'encrypt'
  return smtp_use_tls ? 'may' : 'none'
}

function table(name: ParameterName, user: ListUser, tables: Tables): TlsTable | undefined {
  const list = tableList(name, user, tables)
  return list.has('all') ? loggedTable((key) => list.lookup(key), user) : undefined
}

function cipherOptions(config: Config) {
  return {
    protocols: protocolList('smtp_tls_protocols', config),
    mandatoryProtocols: protocolList('smtp_tls_mandatory_protocols', config),
    ciphers: grade('smtp_tls_ciphers', config),
    mandatoryCiphers: grade('smtp_tls_mandatory_ciphers', config),
    cipherLists: {
      high: config.tls_high_cipherlist,
      medium: config.tls_medium_cipherlist,
      null: config.tls_null_cipherlist,
    },
    excludeCiphers: config.smtp_tls_exclude_ciphers,
    mandatoryExcludeCiphers: config.smtp_tls_mandatory_exclude_ciphers,
    curves: keyExchangeGroups(config),
    secureOptions: opensslOptions(config),
  }
}

function protocolList(
  name: 'smtp_tls_protocols' | 'smtp_tls_mandatory_protocols',
  config: Config,
): string {
  const text = config[name].join(' ')
  if (isProtocolList(text)) return text
  const expected = 'versions such as >=TLSv1.2, !TLSv1.1 that leave at least one'
  throw config.settings.error(name, `${name}: Invalid TLS protocol list "${text}"`, expected)
}

function grade(name: 'smtp_tls_ciphers' | 'smtp_tls_mandatory_ciphers', config: Config): string {
  const text = config[name]
  if (isCipherGrade(text)) return text
  const expected = 'high, medium, low, export or null'
  throw config.settings.error(name, `${name}: invalid cipher grade "${text}"`, expected)
}

function matchOptions(config: Config) {
  const { smtp_tls_fingerprint_digest: digest, settings } = config
  if (!getHashes().includes(digest.toLowerCase())) {
    const name = 'smtp_tls_fingerprint_digest'
    throw settings.error(name, `${name}: unknown digest "${digest}"`, 'sha256, sha512, sha1 or md5')
  }
  return {
    verifyMatch: matchList(config.smtp_tls_verify_cert_match),
    secureMatch: matchList(config.smtp_tls_secure_cert_match),
    fingerprints: config.smtp_tls_fingerprint_cert_match.flatMap((text) => text.split('|')),
    fingerprintDigest: digest,
    servername: config.smtp_tls_servername,
  }
}

function matchList(elements: readonly string[]): string[] {
  return elements.flatMap((element) => element.split(':')).filter((element) => element !== '')
}

function trustOptions(config: Config, read: ReadFile) {
  const { smtp_tls_CAfile: path, tls_append_default_CA: append } = config
  const authorities = [
    ...(path === '' ? [] : readCertificates('smtp_tls_CAfile', path, config, read)),
    ...readCertificateDirectory(config, read),
    ...(append ? getCACertificates('system') : []),
  ]
  const readTrustAnchors = (file: string): string[] =>
    readCertificates('smtp_tls_trust_anchor_file', file, config, read)
  return {
    authorities: [...new Set(authorities)],
    trustAnchors: fileNames(config.smtp_tls_trust_anchor_file).flatMap(readTrustAnchors),
    readTrustAnchors,
    verifyDepth: config.smtp_tls_scert_verifydepth,
  }
}

function fileNames(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '')
}

function logClasses({ config, log }: ListUser) {
  const name = 'smtp_tls_loglevel'
  const classes = parseTlsLogLevel(config[name])
  if (classes?.has('trace')) log.warning(`${name}: "trace" has no effect: no traces are made`)
  if (classes !== undefined) return classes
  const expected = 'a number from 0 to 4, or names such as summary, certmatch'
  throw config.settings.error(name, `${name}: unknown log level "${config[name]}"`, expected)
}
