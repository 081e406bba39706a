import type { SaslSecurityOption } from '@posthouse/sasl-client'

/** Asks for `user:password`: undefined if there is none. If it cannot tell, it logs and fails. */
export type PasswordTable = (key: string) => string | undefined | Promise<string | undefined>

/**
 * How to log in to servers that offer AUTH. Names in backquotes are parameters of main.cf.
 */
export interface SaslOptions {
  /** `smtp_sasl_password_maps`, by the name of the server or by destination (C-67). */
  readonly passwords: PasswordTable
  /**
   * The same by sender, with all keys that an address has: `smtp_sender_dependent_authentication`.
   * Undefined: whoever sends is the same.
   */
  readonly passwordsOfSenders: PasswordTable | undefined
  /** `smtp_sasl_password_result_delimiter`: one character. */
  readonly delimiter: string
  /** `smtp_sasl_mechanism_filter`, given names in upper case (C-68). Must not throw or reject. */
  readonly acceptsMechanism: (name: string) => boolean | Promise<boolean>
  /** `smtp_sasl_security_options`, for connections in plaintext (C-69). */
  readonly securityOptions: readonly SaslSecurityOption[]
  /** `smtp_sasl_tls_security_options`. */
  readonly tlsSecurityOptions: readonly SaslSecurityOption[]
  /** `smtp_sasl_tls_verified_security_options`. */
  readonly tlsVerifiedSecurityOptions: readonly SaslSecurityOption[]
  /** `smtp_sasl_auth_soft_bounce` (C-73). */
  readonly softBounce: boolean
  /** `smtp_send_dummy_mail_auth` (C-75). */
  readonly dummyMailAuth: boolean
  /** `send_cyrus_sasl_authzid`: with PLAIN, say on whose behalf, too. */
  readonly sendAuthorizationId: boolean
  /** `smtp_sasl_auth_cache_time` if `smtp_sasl_auth_cache_name` is set, in ms; else 0 (C-74). */
  readonly failureCacheMs: number
  /** Unpredictable octets. */
  readonly randomBytes: (count: number) => Uint8Array
}
