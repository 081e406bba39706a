import { createHash, createPublicKey, X509Certificate } from 'node:crypto'

import type { TlsaResult } from '@posthouse/mx-lookup'

/** A digest of TLSA records: its name in `node:crypto`, and its matching type (RFC 7671 10.1). */
export interface TlsaDigest {
  readonly name: string
  readonly matchingType: number
}

/** A TLSA record that can be used. Plain data, since it is part of what tells policies apart. */
export interface DaneRecord {
  /** 2: a certificate above that of the server, 3: that of the server itself. */
  readonly usage: 2 | 3
  /** 0: the certificate, 1: its public key. */
  readonly selector: 0 | 1
  /** Undefined: no digest, but all of it. */
  readonly digest: string | undefined
  /** What it must be, in hex. */
  readonly hex: string
  /** As logs show it. */
  readonly text: string
}

/** What a server has to prove by its TLSA records (RFC 7672 3). */
export interface DaneTerms {
  /** The name that is sent as SNI. */
  readonly baseDomain: string
  /** Names that a certificate under a trust anchor may have. */
  readonly names: readonly string[]
  /** One of them has to match; empty: none could be used, so that any certificate will do. */
  readonly records: readonly DaneRecord[]
  /** Records that could not be used, as logs show them. */
  readonly unusable: readonly string[]
}

type TlsaRecord = Extract<TlsaResult, { kind: 'found' }>['records'][number]

// What a log line shows of the two ends of a longer value.
const SHOWN_OCTETS = 32
const SHA512_OCTETS = 64

/** A record as logs show it: the middle of a whole certificate or key is left out. */
export function formatTlsa({ usage, selector, matchingType, certificate }: TlsaRecord): string {
  const hex = Buffer.from(certificate).toString('hex').toUpperCase()
  const ends = `${hex.slice(0, 2 * SHOWN_OCTETS)}...${hex.slice(-2 * SHOWN_OCTETS)}`
  const shown = certificate.length > SHA512_OCTETS ? ends : hex
  return `${usage} ${selector} ${matchingType} ${shown}`
}

/** Whether a record is about the server's certificate, or one above it, and nothing else. */
export function hasDaneUsage({ usage }: TlsaRecord): boolean {
  return usage === 2 || usage === 3
}

/**
 * Reads records with usage 2 or 3. Of records that differ by digest alone, those with the strongest
 * digest count (RFC 7671 9).
 *
 * @param digests the strongest first.
 */
export function readRecords(
  records: readonly TlsaRecord[],
  digests: readonly TlsaDigest[],
): Pick<DaneTerms, 'records' | 'unusable'> {
  const readable: DaneRecord[] = []
  const unusable: string[] = []
  for (const record of records) {
    const read = readRecord(record, digests)
    if (read === undefined) unusable.push(formatTlsa(record))
    else readable.push(read)
  }
  const strength = ({ digest }: DaneRecord) => digests.findIndex(({ name }) => name === digest)
  const isWeaker = (record: DaneRecord, other: DaneRecord) =>
    record.usage === other.usage &&
    record.selector === other.selector &&
    other.digest !== undefined &&
    strength(other) < strength(record)
  const strongest = readable.filter(
    (record) => record.digest === undefined || !readable.some((other) => isWeaker(record, other)),
  )
  return { records: strongest, unusable }
}

function readRecord(record: TlsaRecord, digests: readonly TlsaDigest[]): DaneRecord | undefined {
  const { usage, selector, matchingType, certificate } = record
  if ((usage !== 2 && usage !== 3) || (selector !== 0 && selector !== 1)) return undefined
  const digest = digests.find((known) => known.matchingType === matchingType)
  if (matchingType !== 0 && digest === undefined) return undefined
  const isWhole = digest === undefined || matchingType === 0
  if (isWhole ? !isReadable(selector, certificate) : !hasLengthOf(digest, certificate)) {
    return undefined
  }
  const hex = Buffer.from(certificate).toString('hex')
  return {
    usage,
    selector,
    digest: isWhole ? undefined : digest.name,
    hex,
    text: formatTlsa(record),
  }
}

function hasLengthOf({ name }: TlsaDigest, bytes: Uint8Array): boolean {
  return createHash(name).digest().length === bytes.length
}

function isReadable(selector: 0 | 1, bytes: Uint8Array): boolean {
  try {
    if (selector === 0) return new X509Certificate(bytes).raw.length === bytes.length
    createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' })
    return true
  } catch {
    return false // Whatever it is, no server can have it.
  }
}

/** Whether a certificate is the one that a record means. */
export function isMeantBy(
  { selector, digest, hex }: DaneRecord,
  certificate: X509Certificate,
): boolean {
  const bytes = selector === 0 ? certificate.raw : publicKeyOf(certificate)
  if (bytes === undefined) return false
  const own = digest === undefined ? bytes : createHash(digest).update(bytes).digest()
  return own.toString('hex') === hex
}

function publicKeyOf(certificate: X509Certificate): Buffer | undefined {
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'der' })
  } catch {
    return undefined // Of a kind that nobody could verify anything with.
  }
}
