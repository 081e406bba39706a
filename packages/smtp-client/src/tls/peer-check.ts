import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

import { commonName, matchingName, namePatterns, type PeerNames } from './peer-names.ts'
import { matchesCertificate, matchesName } from './tls-level.ts'
import type { TlsPolicy } from './tls-policy.ts'

/** What a handshake found out about the server; kept with a session that may be resumed. */
export interface PeerIdentity {
  /** Absent when the server has shown none. */
  readonly certificate: X509Certificate | undefined
  /** OpenSSL's name for what is wrong with its chain, such as `CERT_HAS_EXPIRED`. */
  readonly chainError: string | undefined
}

/** What the certificate of a server is worth under a policy (C-131, C-153). */
export interface PeerVerdict {
  readonly status: 'Anonymous' | 'Untrusted' | 'Trusted' | 'Verified'
  /** Whether the policy is satisfied. */
  readonly isAcceptable: boolean
  /** Log lines without the server: text before and behind it. */
  readonly complaint: readonly [before: string, behind: string] | undefined
  /** The name or digest that matched. */
  readonly matched: string | undefined
}

const CHAIN_TEXTS: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['INVALID_PURPOSE', 'not designated for use as a server certificate'],
])
const DATE_TEXTS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CERT_NOT_YET_VALID', 'certificate not yet valid'],
])
const UNTRUSTED_ISSUER = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const TOO_LONG = 'CERT_CHAIN_TOO_LONG'

/** @param verifyDepth issuers above a certificate at most (C-143). */
export function identityOf(socket: TLSSocket, verifyDepth: number): PeerIdentity {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { certificate, chainError: undefined }
  if (!socket.authorized) return { certificate, chainError: String(socket.authorizationError) }
  const chainError = chainDepth(socket) > verifyDepth ? TOO_LONG : undefined
  return { certificate, chainError }
}

// Of a chain that is good: the issuers up to the authority are in it, or in the store.
function chainDepth(socket: TLSSocket): number {
  let depth = 0
  let certificate = socket.getPeerCertificate(true)
  while (certificate.issuerCertificate && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate
    depth++
  }
  return depth
}

/** Judges a server. @param verifyDepth for the text about a chain that is longer. */
export function judgePeer(
  { certificate, chainError }: PeerIdentity,
  policy: TlsPolicy,
  names: PeerNames,
  { fingerprintDigest, verifyDepth }: { fingerprintDigest: string; verifyDepth: number },
): PeerVerdict {
  const { level, match } = policy
  const verdict = {
    isAcceptable: !matchesCertificate(level),
    complaint: undefined,
    matched: undefined,
  }
  if (certificate === undefined) return { ...verdict, status: 'Anonymous' }
  if (!matchesCertificate(level)) {
    return { ...verdict, status: chainError === undefined ? 'Trusted' : 'Untrusted' }
  }
  const matched = matchesName(level)
    ? matchingName(certificate, match, names)
    : matchingDigest(certificate, match, fingerprintDigest)
  if (matchesName(level) && chainError !== undefined) {
    const complaint = chainComplaint(chainError, certificate, verifyDepth)
    return { status: 'Untrusted', isAcceptable: false, complaint, matched: undefined }
  }
  if (matched !== undefined) return { ...verdict, status: 'Verified', isAcceptable: true, matched }
  const reason = matchesName(level)
    ? 'num=62:hostname mismatch'
    : 'num=65:no matching DANE TLSA records'
  return {
    status: matchesName(level) ? 'Trusted' : 'Untrusted',
    isAcceptable: false,
    complaint: ['server certificate verification failed for', reason],
    matched,
  }
}

/** Whether a policy that wants a name has one to look for (C-146). */
export function hasNamesToMatch(policy: TlsPolicy, names: PeerNames): boolean {
  return !matchesName(policy.level) || namePatterns(policy.match, names).length > 0
}

function chainComplaint(
  code: string,
  certificate: X509Certificate,
  verifyDepth: number,
): [string, string] {
  const dates = DATE_TEXTS.get(code)
  if (dates !== undefined) return ['server certificate verification failed for', dates]
  const before = 'certificate verification failed for'
  if (code === TOO_LONG) return [before, `certificate chain longer than limit(${verifyDepth})`]
  if (UNTRUSTED_ISSUER.has(code)) return [before, `untrusted issuer ${oneLineName(certificate)}`]
  const text = CHAIN_TEXTS.get(code)
  if (text !== undefined) return [before, text]
  return ['server certificate verification failed for', code.toLowerCase().replaceAll('_', ' ')]
}

function oneLineName({ issuer }: X509Certificate): string {
  return printable(`/${issuer.replaceAll('\n', '/')}`)
}

/** SHA-256 and the like of a certificate and of its key, as `AA:BB:…` (C-148). */
export function fingerprintsOf(
  certificate: X509Certificate,
  digest: string,
): { readonly certificate: string; readonly publicKey: string } {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return { certificate: hexPairs(certificate.raw, digest), publicKey: hexPairs(key, digest) }
}

function matchingDigest(
  certificate: X509Certificate,
  match: readonly string[],
  digest: string,
): string | undefined {
  const own = fingerprintsOf(certificate, digest)
  const wanted = new Set(match.map((text) => text.toUpperCase()))
  return [own.certificate, own.publicKey].find((text) => wanted.has(text))
}

function hexPairs(bytes: Uint8Array, digest: string): string {
  const hex = createHash(digest).update(bytes).digest('hex').toUpperCase()
  return hex.replace(/(..)(?=.)/g, '$1:')
}

/** Names for the log line of C-154. */
export function describeCertificate(certificate: X509Certificate, digest: string): string {
  const { certificate: fingerprint, publicKey } = fingerprintsOf(certificate, digest)
  return (
    `subject_CN=${printable(commonName(certificate))}, ` +
    `issuer=${oneLineName(certificate)}, cert fingerprint=${fingerprint}, ` +
    `pkey fingerprint=${publicKey}`
  )
}

// A server chose these octets.
function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?')
}
