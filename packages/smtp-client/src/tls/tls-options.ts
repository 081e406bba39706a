import type { TlsaDigest } from './dane-terms.ts'
import type { TlsLevel } from './tls-level.ts'
import type { TlsLogClasses } from './tls-log.ts'

/** Asks a table: undefined if it has nothing. If it cannot answer it logs why, and fails. */
export type TlsTable = (key: string) => string | undefined | Promise<string | undefined>

/** How TLSA records in DNS decide about TLS, at the levels `dane` and `dane-only` (RFC 7672). */
export interface DaneOptions {
  /**
   * Why DNS cannot be trusted as it is asked (C-155): without validation, with MX lookups whose
   * errors are ignored, with names that are completed. Undefined: it can.
   */
  readonly obstacle: 'no-dnssec' | 'ignored-mx-errors' | 'resolver-options' | undefined
  /** `smtp_tls_dane_insecure_mx_policy`: what counts where the name of a server may be forged. */
  readonly insecureMxPolicy: 'may' | 'encrypt' | 'dane'
  /** `tls_dane_digests`: the digests that are accepted, the strongest first. */
  readonly digests: readonly TlsaDigest[]
}

/**
 * How connections are protected. Names in backquotes are parameters of main.cf; all values are
 * complete. Files have been read: what is here is their content, PEM.
 */
export interface TlsOptions {
  /** `smtp_tls_security_level`, or what the old parameters come to (C-132). */
  readonly level: TlsLevel
  /** `smtp_tls_policy_maps`; undefined when empty (C-134). */
  readonly policyMaps: TlsTable | undefined
  /** `smtp_tls_per_site`, used without policy maps; undefined when empty (C-138). */
  readonly perSite: TlsTable | undefined
  /** `tls_required_enable`: mail with a header `TLS-Required: no` may do without TLS (C-139). */
  readonly heedsTlsRequired: boolean
  /** `smtp_tls_wrappermode`: TLS begins with the connection, without STARTTLS (C-60). */
  readonly wrapperMode: boolean
  /** `smtp_starttls_timeout`: the command, and the whole of a handshake, in ms; 0 is no limit. */
  readonly starttlsTimeoutMs: number
  /** `smtp_tls_note_starttls_offer` (C-62). */
  readonly noteStarttlsOffer: boolean
  /** `smtp_tls_block_early_mail_reply` (C-65). */
  readonly blockEarlyMailReply: boolean
  /** `smtp_tls_connection_reuse`: sessions with TLS may be kept for other deliveries (C-128). */
  readonly connectionReuse: boolean
  /** `smtp_tls_enforce_sts_mx_patterns` (C-137). */
  readonly enforceStsMxPatterns: boolean
  /** `minimal_backoff_time`, in ms: mail that has waited so long may do without TLS (C-97). */
  readonly plaintextAfterMs: number

  /** `smtp_tls_protocols`, for the level `may` (C-140). */
  readonly protocols: string
  /** `smtp_tls_mandatory_protocols`, for higher levels. */
  readonly mandatoryProtocols: string
  /** `smtp_tls_ciphers`: grade for the level `may` (C-141). */
  readonly ciphers: string
  /** `smtp_tls_mandatory_ciphers`. */
  readonly mandatoryCiphers: string
  /** `tls_high_cipherlist`, `tls_medium_cipherlist`, `tls_null_cipherlist`: what grades mean. */
  readonly cipherLists: Readonly<Record<'high' | 'medium' | 'null', string>>
  /** `smtp_tls_exclude_ciphers`. */
  readonly excludeCiphers: readonly string[]
  /** `smtp_tls_mandatory_exclude_ciphers`, in addition above `may`. */
  readonly mandatoryExcludeCiphers: readonly string[]
  /** `tls_eecdh_auto_curves`, `tls_ffdhe_auto_groups`; empty leaves it to OpenSSL. */
  readonly curves: readonly string[]
  /** `tls_disable_workarounds`, `tls_ssl_options`: bits `SSL_OP_…` of OpenSSL. */
  readonly secureOptions: number

  /** `smtp_tls_verify_cert_match` (C-146). */
  readonly verifyMatch: readonly string[]
  /** `smtp_tls_secure_cert_match`. */
  readonly secureMatch: readonly string[]
  /** `smtp_tls_fingerprint_cert_match` (C-148). */
  readonly fingerprints: readonly string[]
  /** `smtp_tls_fingerprint_digest`: the name of a digest of `node:crypto`. */
  readonly fingerprintDigest: string
  /** For the levels `dane` and `dane-only`. */
  readonly dane: DaneOptions
  /** `smtp_tls_servername`: sent as SNI; empty for none (C-149). With DANE it is another name. */
  readonly servername: string
  /** `smtp_tls_CAfile`, `smtp_tls_CApath`, `tls_append_default_CA`: trusted authorities. */
  readonly authorities: readonly string[]
  /** `smtp_tls_trust_anchor_file`: trusted at verify and secure, instead of authorities (C-143). */
  readonly trustAnchors: readonly string[]
  /** Reads the file of `tafile=`. Throws an error that names it (C-135). */
  readonly readTrustAnchors: (path: string) => readonly string[]
  /** `smtp_tls_scert_verifydepth`: two less than the issuers that a certificate may have. */
  readonly verifyDepth: number
  /** Certificates of this host with their chains: `smtp_tls_chain_files` or the like (C-144). */
  readonly certificates: readonly string[]
  /** Their private keys, in the same order. */
  readonly keys: readonly string[]

  /** `smtp_tls_session_cache_database`, `smtp_tls_session_cache_timeout`, ms; 0 caches nothing. */
  readonly sessionCacheMs: number
  /** `smtp_tls_loglevel` (C-152). */
  readonly logClasses: TlsLogClasses
  /** `smtp_tls_loglevel_maps`: such a level by name or address of a server, instead. */
  readonly logLevelMaps: TlsTable | undefined
}
