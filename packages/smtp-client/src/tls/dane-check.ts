import type { X509Certificate } from 'node:crypto'

import {
  type AnchoredPath,
  findDateProblem,
  findPath,
  findPathProblem,
  type PathProblem,
} from './anchored-path.ts'
import { type DaneTerms, isMeantBy } from './dane-terms.ts'
import { matchingName } from './peer-names.ts'
import { complaintAbout, type PeerVerdict } from './peer-verdict.ts'

/** What a server has shown. */
export interface ShownCertificates {
  /** Its own. */
  readonly certificate: X509Certificate
  /** Those beside it, in any order. */
  readonly sent: readonly X509Certificate[]
}

/** What decides about a path, beside the records. */
export interface PathLimits {
  readonly verifyDepth: number
  readonly nowMs: number
}

/**
 * Judges a server by its TLSA records (C-157, RFC 7672 3.1). Of usage 3, the record is all that
 * counts; of usage 2, names and dates count as well.
 *
 * @param isNameForgeable the name of the server itself was not validated.
 */
export function judgeDane(
  shown: ShownCertificates,
  terms: DaneTerms,
  isNameForgeable: boolean,
  limits: PathLimits,
): PeerVerdict {
  const { certificate } = shown
  // "Verified" would say too much of a server that somebody else may have named.
  const status = isNameForgeable ? 'Trusted' : 'Verified'
  const accept = (...matched: string[]): PeerVerdict => {
    return { status, isAcceptable: true, complaint: undefined, matched }
  }
  const own = terms.records.find((record) => record.usage === 3 && isMeantBy(record, certificate))
  if (own !== undefined) return accept(`Matched DANE EE certificate at depth 0: ${own.text}`)

  const path = anchoredPath(shown, terms, limits)
  if ('code' in path) return refuse(path, certificate, limits)
  const name = matchingName(certificate, terms.names, NO_STRATEGIES)
  if (name === undefined) {
    const { complaint } = refuse({ code: 'HOSTNAME_MISMATCH', depth: 0 }, certificate, limits)
    return { status: 'Trusted', isAcceptable: false, complaint, matched: [] }
  }
  const outdated = findDateProblem(path, limits.nowMs)
  if (outdated !== undefined) return refuse(outdated, certificate, limits)
  return accept(`matched peername: ${name}`, describePath(path))
}

// The names of a server's records are what they are.
const NO_STRATEGIES = { hostname: '', nexthop: '' }

function anchoredPath(
  { certificate, sent }: ShownCertificates,
  { records }: DaneTerms,
  { verifyDepth }: PathLimits,
): AnchoredPath | PathProblem {
  const anchors = records.filter(({ usage }) => usage === 2)
  if (anchors.length === 0) return { code: 'DANE_NO_MATCH', depth: 0 }
  const path = findPath(certificate, sent, anchors)
  return 'code' in path ? path : (findPathProblem(path, verifyDepth) ?? path)
}

function describePath({ certificates, record, isKeyOnly }: AnchoredPath): string {
  const what = isKeyOnly ? 'public key verified certificate' : 'certificate'
  return `Matched DANE TA ${what} at depth ${certificates.length - 1}: ${record.text}`
}

function refuse(
  { code, depth }: PathProblem,
  certificate: X509Certificate,
  { verifyDepth }: PathLimits,
): PeerVerdict {
  const complaint = complaintAbout(code, certificate, verifyDepth, depth)
  return { status: 'Untrusted', isAcceptable: false, complaint, matched: [] }
}
