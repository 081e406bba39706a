import type { DaneTerms } from './dane-terms.ts'
import { isMandatory, matchesCertificate, type TlsLevel } from './tls-level.ts'
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
  /** What a table says of these at whatever level. */
  readonly attributes: PolicyAttributes
  /** What the server's TLSA records ask for; undefined: there are none that count (C-156). */
  readonly dane: DaneTerms | undefined
  /** TLS has failed with the server, so that it is not tried: as in plaintext (C-97). */
  readonly isAvoided: boolean
  /** Equal for policies that ask for the same. */
  readonly key: string
}

/** What a policy table may say at any level but `none`. */
export type PolicyAttributes = Partial<
  Pick<TlsPolicy, 'protocols' | 'ciphers' | 'exclude' | 'servername' | 'connectionReuse'>
>

type Fields = Omit<TlsPolicy, 'key'>

/** The policy of a level, of attributes that hold at any, and of what DANE adds. */
export function policyOfLevel(
  level: TlsLevel,
  options: TlsOptions,
  attributes: PolicyAttributes = {},
  dane?: DaneTerms,
): TlsPolicy {
  return withKey({ ...fieldsOfLevel(level, options), ...attributes, attributes, dane })
}

/** Whether the certificate of the server must match something; not what no record says how. */
export function mustMatch({ level, dane }: TlsPolicy): boolean {
  return matchesCertificate(level) && dane?.records.length !== 0
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
    attributes: {},
    dane: undefined,
    isAvoided: false,
  }
}

function matchList(level: TlsLevel, options: TlsOptions): readonly string[] {
  switch (level) {
    case 'fingerprint':
      return options.fingerprints
    case 'verify':
      return options.verifyMatch
    case 'secure':
      return options.secureMatch
    default:
      return []
  }
}
