import { isMandatory, matchesCertificate, matchesName, type TlsLevel } from './tls-level.ts'
import type { TlsOptions } from './tls-options.ts'

/** How one server is to be talked to: level, and what belongs to it (C-135). */
export interface TlsPolicy {
  readonly level: TlsLevel
  readonly protocols: string
  readonly ciphers: string
  readonly exclude: readonly string[]
  /** Names and strategies of C-146; at fingerprint, digests. */
  readonly match: readonly string[]
  /** `tafile=`; empty: the trust anchors of the options. */
  readonly trustAnchorFiles: readonly string[]
  readonly servername: string
  readonly connectionReuse: boolean
  /** Names that mail exchangers may have by an MTA-STS policy; empty: any (C-137). */
  readonly mxPatterns: readonly string[]
  /** Equal for policies that ask for the same. */
  readonly key: string
}

type Fields = Omit<TlsPolicy, 'key'>

/** The policy of a level, without attributes of its own. */
export function policyOfLevel(level: TlsLevel, options: TlsOptions): TlsPolicy {
  return withKey(fieldsOfLevel(level, options))
}

/** Adds what equal policies have in common. */
export function withKey(fields: Fields): TlsPolicy {
  return { ...fields, key: JSON.stringify(fields) }
}

/** What a level means by the parameters. */
export function fieldsOfLevel(level: TlsLevel, options: TlsOptions): Fields {
  const mandatory = isMandatory(level)
  const { excludeCiphers, mandatoryExcludeCiphers } = options
  return {
    level,
    protocols: mandatory ? options.mandatoryProtocols : options.protocols,
    ciphers: mandatory ? options.mandatoryCiphers : options.ciphers,
    exclude: mandatory ? [...excludeCiphers, ...mandatoryExcludeCiphers] : excludeCiphers,
    match: matchList(level, options),
    trustAnchorFiles: [],
    servername: options.servername,
    connectionReuse: options.connectionReuse,
    mxPatterns: [],
  }
}

function matchList(level: TlsLevel, options: TlsOptions): readonly string[] {
  if (matchesName(level)) return level === 'verify' ? options.verifyMatch : options.secureMatch
  return matchesCertificate(level) ? options.fingerprints : []
}
