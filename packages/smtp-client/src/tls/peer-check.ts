import { createHash, type X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'

import { judgeDane, type PathLimits } from './dane-check.ts'
import { commonName, matchingName, namePatterns, type PeerNames } from './peer-names.ts'
import {
  complaintAbout,
  isTooLong,
  oneLineName,
  type PeerVerdict,
  printable,
  TOO_LONG,
} from './peer-verdict.ts'
import { matchesName } from './tls-level.ts'
import { mustMatch, type TlsPolicy } from './tls-policy.ts'

/** What a handshake found out about the server; kept with a session that may be resumed. */
export interface PeerIdentity {
  /** Absent when the server has shown none. */
  readonly certificate: X509Certificate | undefined
  /** OpenSSL's name for what is wrong with its chain, such as `CERT_HAS_EXPIRED`. */
  readonly chainError: string | undefined
}

/** @param verifyDepth `smtp_tls_scert_verifydepth`. */
export function identityOf(socket: TLSSocket, verifyDepth: number): PeerIdentity {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { certificate, chainError: undefined }
  if (!socket.authorized) return { certificate, chainError: String(socket.authorizationError) }
  const chainError = isTooLong(chainDepth(socket), verifyDepth) ? TOO_LONG : undefined
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

/** Judges a server. @param limits `verifyDepth` is for the text about a longer chain, too. */
export function judgePeer(
  { certificate, chainError }: PeerIdentity,
  policy: TlsPolicy,
  names: PeerNames,
  limits: PathLimits & { readonly fingerprintDigest: string },
): PeerVerdict {
  const { level, dane } = policy
  const isAcceptable = !mustMatch(policy)
  const verdict = { isAcceptable, complaint: undefined, matched: [] }
  if (certificate === undefined) return { ...verdict, status: 'Anonymous' }
  const { verifyDepth, fingerprintDigest: digest } = limits
  if (isAcceptable) {
    const status = chainError === undefined ? 'Trusted' : 'Untrusted'
    if (chainError === undefined) return { ...verdict, status }
    return { ...verdict, status, complaint: complaintAbout(chainError, certificate, verifyDepth) }
  }
  if (dane !== undefined) {
    const shown = { certificate, sent: sentWith(certificate) }
    return judgeDane(shown, dane, level === 'halfdane', limits)
  }
  return matchesName(level)
    ? judgeName(certificate, chainError, policy, names, verifyDepth)
    : judgeFingerprint(certificate, policy, digest)
}

/** What a server has sent beside its certificate: Node hangs one on the other, as they came. */
function sentWith(certificate: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = []
  let { issuerCertificate: next } = certificate
  while (next !== undefined && !sent.includes(next)) {
    sent.push(next)
    next = next.issuerCertificate
  }
  return sent
}

function judgeName(
  certificate: X509Certificate,
  chainError: string | undefined,
  { match }: TlsPolicy,
  names: PeerNames,
  verifyDepth: number,
): PeerVerdict {
  if (chainError !== undefined) {
    const complaint = complaintAbout(chainError, certificate, verifyDepth)
    return { status: 'Untrusted', isAcceptable: false, complaint, matched: [] }
  }
  const name = matchingName(certificate, match, names)
  if (name !== undefined && isIP(name) !== 0) return verified()
  if (name !== undefined) return verified(`matched peername: ${name}`)
  const code = mismatchCode(namePatterns(match, names))
  const complaint = complaintAbout(code, certificate, verifyDepth)
  return { status: 'Trusted', isAcceptable: false, complaint, matched: [] }
}

function mismatchCode(patterns: readonly string[]): string {
  if (patterns.length === 0) return 'UNSPECIFIED'
  const isAddress = patterns.every((pattern) => isIP(pattern) !== 0)
  return isAddress ? 'IP_ADDRESS_MISMATCH' : 'HOSTNAME_MISMATCH'
}

function judgeFingerprint(
  certificate: X509Certificate,
  { match }: TlsPolicy,
  digest: string,
): PeerVerdict {
  const found = matchingDigest(certificate, match, digest)
  if (found !== undefined) return verified(`Matched fingerprint: ${found.replaceAll(':', '')}`)
  // Postfix makes TLSA records of fingerprints, and so do its words.
  const complaint = complaintAbout('DANE_NO_MATCH', certificate, 0)
  return { status: 'Untrusted', isAcceptable: false, complaint, matched: [] }
}

function verified(...matched: string[]): PeerVerdict {
  return { status: 'Verified', isAcceptable: true, complaint: undefined, matched }
}

/** Whether a policy that wants a name has one to look for (C-146). */
export function hasNamesToMatch(policy: TlsPolicy, names: PeerNames): boolean {
  return !matchesName(policy.level) || namePatterns(policy.match, names).length > 0
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
  const wanted = new Set(match.map((text) => text.toUpperCase().replaceAll(':', '')))
  return [own.certificate, own.publicKey].find((text) => wanted.has(text.replaceAll(':', '')))
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
