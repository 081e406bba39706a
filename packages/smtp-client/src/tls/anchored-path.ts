import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'

import { type CertificateFields, readFields } from './certificate-fields.ts'
import { type DaneRecord, isMeantBy } from './dane-terms.ts'
import { isTooLong, TOO_LONG } from './peer-verdict.ts'

/** A certificate, those above it, and the record that trusts the last one. */
export interface AnchoredPath {
  /** The server's certificate first. */
  readonly certificates: readonly X509Certificate[]
  readonly record: DaneRecord
  /** Whether the record has a bare key, which has signed the last certificate. */
  readonly isKeyOnly: boolean
}

/** What is wrong with a path: OpenSSL's name for it, and the certificate, from the server's on. */
export interface PathProblem {
  readonly code: string
  readonly depth: number
}

// What a server sends beyond that is not looked at: each may have to be checked against each.
const MAX_SENT = 20
const MIN_RSA_BITS = 1024
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
const NAME_CONSTRAINTS = '551d1e'
// Basic constraints, key usages, names and policies, as OpenSSL or this file checks them; no policy
// is asked for.
const HANDLED_IF_CRITICAL = new Set(['551d13', '551d0f', '551d25', '551d11', '551d20'])
// MD2, MD5 and SHA-1 with RSA, SHA-1 with DSA and ECDSA.
const WEAK_SIGNATURES = new Set([
  '2a864886f70d010102',
  '2a864886f70d010104',
  '2a864886f70d010105',
  '2a8648ce380403',
  '2a8648ce3d0401',
])

/**
 * Finds a path from a server's certificate up to one that a record of usage 2 means, or that such
 * a record holds itself (RFC 7671 5.2).
 *
 * @param sent what the server has sent beside its certificate, in any order.
 * @returns without a path, how far certificates led.
 */
export function findPath(
  certificate: X509Certificate,
  sent: readonly X509Certificate[],
  records: readonly DaneRecord[],
): AnchoredPath | PathProblem {
  const candidates = sent.slice(0, MAX_SENT)
  const certificates = [certificate]
  for (;;) {
    const last = certificates.at(-1)!
    const issuers = candidates.filter(
      (other) => !certificates.includes(other) && hasIssued(other, last),
    )
    for (const issuer of issuers) {
      const record = records.find((one) => isMeantBy(one, issuer))
      if (record === undefined) continue
      return { certificates: [...certificates, issuer], record, isKeyOnly: false }
    }
    const [next] = issuers
    if (next === undefined) {
      const code = 'DANE_NO_MATCH'
      return anchorOfRecord(certificates, records) ?? { code, depth: certificates.length - 1 }
    }
    certificates.push(next)
  }
}

/** An anchor that is in DNS as a whole need not be sent. */
function anchorOfRecord(
  certificates: readonly X509Certificate[],
  records: readonly DaneRecord[],
): AnchoredPath | undefined {
  const last = certificates.at(-1)!
  for (const record of records.filter(({ digest }) => digest === undefined)) {
    const bytes = Buffer.from(record.hex, 'hex')
    if (record.selector === 0) {
      const anchor = new X509Certificate(bytes)
      if (!hasIssued(anchor, last)) continue
      return { certificates: [...certificates, anchor], record, isKeyOnly: false }
    }
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' })
    if (hasSigned(key, last)) return { certificates, record, isKeyOnly: true }
  }
  return undefined
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && hasSigned(() => issuer.publicKey, certificate)
}

function hasSigned(key: KeyObject | (() => KeyObject), certificate: X509Certificate): boolean {
  try {
    return certificate.verify(typeof key === 'function' ? key() : key)
  } catch {
    return false // A key or a signature of a kind that OpenSSL does not know.
  }
}

/**
 * What is wrong with the certificates of a path beside their dates (RFC 5280 6.1). Names of hosts
 * are the business of the caller. A path with name constraints is refused: they are not understood.
 *
 * @param verifyDepth `smtp_tls_scert_verifydepth`.
 */
export function findPathProblem(
  { certificates, isKeyOnly }: AnchoredPath,
  verifyDepth: number,
): PathProblem | undefined {
  if (isTooLong(certificates.length - 1, verifyDepth)) return { code: TOO_LONG, depth: 0 }
  for (const [depth, certificate] of certificates.entries()) {
    const isAnchor = !isKeyOnly && depth === certificates.length - 1
    const code = certificateProblem(certificate, depth, isAnchor)
    if (code !== undefined) return { code, depth }
  }
  return undefined
}

function certificateProblem(
  certificate: X509Certificate,
  depth: number,
  isAnchor: boolean,
): string | undefined {
  const fields = fieldsOf(certificate)
  if (fields === undefined || !isUnderstood(fields)) return 'UNHANDLED_CRITICAL_EXTENSION'
  const { signatureOid, pathLength } = fields
  if (depth > 0 && !certificate.ca) return 'INVALID_CA'
  // What is between it and the server's certificate.
  if (pathLength !== undefined && depth > 0 && depth - 1 > pathLength) return 'PATH_LENGTH_EXCEEDED'
  // Node has no other name for extended key usages.
  const usages = certificate.keyUsage
  if (usages !== undefined && !usages.includes(SERVER_AUTHENTICATION)) return 'INVALID_PURPOSE'
  const { modulusLength = MIN_RSA_BITS } = certificate.publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_RSA_BITS) return depth === 0 ? 'EE_KEY_TOO_SMALL' : 'CA_KEY_TOO_SMALL'
  // An anchor is trusted as it is, whoever has signed it.
  return !isAnchor && WEAK_SIGNATURES.has(signatureOid) ? 'CA_MD_TOO_WEAK' : undefined
}

function fieldsOf(certificate: X509Certificate): CertificateFields | undefined {
  try {
    return readFields(certificate.raw)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function isUnderstood({ extensions }: CertificateFields): boolean {
  return extensions.every(
    ({ oid, isCritical }) =>
      oid !== NAME_CONSTRAINTS && (!isCritical || HANDLED_IF_CRITICAL.has(oid)),
  )
}

/** The first certificate of a path, from its top, that is not valid at a time. */
export function findDateProblem(
  { certificates }: AnchoredPath,
  nowMs: number,
): PathProblem | undefined {
  for (const [depth, { validFromDate, validToDate }] of [...certificates.entries()].reverse()) {
    if (nowMs < validFromDate.getTime()) return { code: 'CERT_NOT_YET_VALID', depth }
    if (nowMs > validToDate.getTime()) return { code: 'CERT_HAS_EXPIRED', depth }
  }
  return undefined
}
