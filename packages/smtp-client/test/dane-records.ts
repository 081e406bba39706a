import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { TlsaResult } from '@posthouse/mx-lookup'

type FoundTlsa = Extract<TlsaResult, { kind: 'found' }>
/** A record as DNS has it. */
export type TlsaRecord = FoundTlsa['records'][number]

const DIGESTS = ['', 'sha256', 'sha512']

/** A certificate of `vectors/dane`. */
export function daneCertificate(name: string): X509Certificate {
  return new X509Certificate(danePem(`${name}.pem`))
}

/** A file of `vectors/dane`. */
export function danePem(name: string): string {
  return readFileSync(new URL(`../vectors/dane/${name}`, import.meta.url), 'utf8')
}

/** The record for a certificate of `vectors/dane`: `3 1 1 server`. */
export function tlsa(text: string): TlsaRecord {
  const [usage = 0, selector = 0, matchingType = 0] = text.split(' ').map(Number)
  const certificate = daneCertificate(text.split(' ')[3] ?? '')
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  const whole = selector === 1 ? key : certificate.raw
  const digest = DIGESTS[matchingType]
  const data = digest ? createHash(digest).update(whole).digest() : whole
  return { name: '', ttl: 60, usage, selector, matchingType, certificate: data }
}

/** What a lookup for mx.dane.test gives. */
export function foundTlsa(...records: readonly TlsaRecord[]): FoundTlsa {
  const baseDomain = 'mx.dane.test'
  return { kind: 'found', service: `_25._tcp.${baseDomain}`, baseDomain, records }
}
