import type { X509Certificate } from 'node:crypto'

/** What the certificate of a server is worth under a policy (C-131, C-153). */
export interface PeerVerdict {
  readonly status: 'Anonymous' | 'Untrusted' | 'Trusted' | 'Verified'
  /** Whether the policy is satisfied. */
  readonly isAcceptable: boolean
  /** What is wrong with the certificate, where that is worth a line. */
  readonly complaint: Complaint | undefined
  /** What matched, for the log, without the server (C-154). */
  readonly matched: readonly string[]
}

/** A log line without the server: text before and behind it. */
export type Complaint = readonly [before: string, behind: string]

const TEXTS: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['INVALID_PURPOSE', 'not designated for use as a server certificate'],
])
// With OpenSSL's numbers, where it has them, as Postfix shows what it has no words for.
const DETAILED_TEXTS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CERT_NOT_YET_VALID', 'certificate not yet valid'],
  ['UNSPECIFIED', 'num=1:unspecified certificate verification error'],
  ['PATH_LENGTH_EXCEEDED', 'num=25:path length constraint exceeded'],
  ['UNHANDLED_CRITICAL_EXTENSION', 'num=34:unhandled critical extension'],
  ['HOSTNAME_MISMATCH', 'num=62:hostname mismatch'],
  ['IP_ADDRESS_MISMATCH', 'num=64:IP address mismatch'],
  ['DANE_NO_MATCH', 'num=65:no matching DANE TLSA records'],
  ['EE_KEY_TOO_SMALL', 'num=66:EE certificate key too weak'],
  ['CA_KEY_TOO_SMALL', 'num=67:CA certificate key too weak'],
  ['CA_MD_TOO_WEAK', 'num=68:CA signature digest algorithm too weak'],
  ['INVALID_CA', 'num=79:invalid CA certificate'],
])
const UNTRUSTED_ISSUER = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** OpenSSL's name for a chain with more issuers than are wanted. */
export const TOO_LONG = 'CERT_CHAIN_TOO_LONG'

/**
 * Whether there are too many issuers above a certificate (C-143). As in Postfix 3.7, one more than
 * the parameter says may be between it and the authority, which does not count.
 */
export function isTooLong(issuers: number, verifyDepth: number): boolean {
  return issuers > verifyDepth + 2
}

/**
 * What is to be said of a server's certificate (C-154).
 *
 * @param code OpenSSL's name for what is wrong.
 * @param depth of the certificate that is at fault: 0 is the server's own.
 */
export function complaintAbout(
  code: string,
  certificate: X509Certificate,
  verifyDepth: number,
  depth = 0,
): Complaint {
  const before = 'certificate verification failed for'
  if (code === TOO_LONG) {
    return [before, `certificate chain longer than limit(${verifyDepth + 1})`]
  }
  if (UNTRUSTED_ISSUER.has(code)) return [before, `untrusted issuer ${oneLineName(certificate)}`]
  const text = TEXTS.get(code)
  if (text !== undefined) return [before, text]
  const detailed = DETAILED_TEXTS.get(code) ?? code.toLowerCase().replaceAll('_', ' ')
  return [`${depth === 0 ? 'server' : 'CA'} ${before}`, detailed]
}

/** The issuer of a certificate. */
export function oneLineName({ issuer }: X509Certificate): string {
  return printable(`/${issuer.replaceAll('\n', '/')}`)
}

/** What a server chose, for a log line. */
export function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?')
}
