import { isMandatory, matchesCertificate, type TlsLevel } from './tls-level.ts'
import type { TlsOptions } from './tls-options.ts'

/** The ciphers of a connection. */
export interface Ciphers {
  /** As main.cf has them, for the log. */
  readonly list: string
  /** As OpenSSL needs them. */
  readonly openssl: string
}

// Node would read a list without them as a wish to do without TLS 1.3, which no grade governs.
const TLS_1_3 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'
// Exportable ciphers are history: who asks for that little gets what is left (C-141).
const GRADES: ReadonlyMap<string, keyof TlsOptions['cipherLists']> = new Map([
  ['high', 'high'],
  ['medium', 'medium'],
  ['low', 'medium'],
  ['export', 'medium'],
  ['null', 'null'],
])

/** What the name of a grade, in any case, stands for; undefined if it is none. */
function cipherGrade(name: string): keyof TlsOptions['cipherLists'] | undefined {
  return GRADES.get(name.toLowerCase())
}

/** Whether `smtp_tls_ciphers` may have this value. */
export function isCipherGrade(name: string): boolean {
  return cipherGrade(name) !== undefined
}

/**
 * The ciphers of a grade, less exclusions (C-141).
 *
 * Where no certificate has to match, strength is as the lists say and not as OpenSSL's security
 * level does: servers without a certificate, or with TLS 1.0, are better than plaintext. The same
 * goes for the grade null, of which nothing would be left.
 *
 * @returns undefined if there is no such grade.
 */
export function cipherList(
  grade: string,
  level: TlsLevel,
  exclude: readonly string[],
  lists: TlsOptions['cipherLists'],
): Ciphers | undefined {
  const name = cipherGrade(grade)
  if (name === undefined) return undefined
  const excluded = [...exclude]
  if (matchesCertificate(level)) excluded.push('aNULL')
  else if (isMandatory(level)) excluded.push('eNULL')
  const list = [lists[name], ...excluded.map((cipher) => `!${cipher}`)].join(':')
  const isOfAnyStrength = !matchesCertificate(level) || name === 'null'
  return { list, openssl: `${TLS_1_3}:${list}${isOfAnyStrength ? ':@SECLEVEL=0' : ''}` }
}
