import { describe, expect, it } from 'vitest'

import { daneCertificate, type TlsaRecord, tlsa } from '../../test/dane-records.ts'
import { tlsDefaults } from '../../test/tls-settings.ts'
import { judgeDane } from './dane-check.ts'
import { readRecords } from './dane-terms.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const SERVER = ['server', 'intermediate', 'root']

interface Case {
  readonly shown?: readonly string[]
  readonly names?: readonly string[]
  readonly verifyDepth?: number
  readonly nowMs?: number
  readonly isForgeable?: boolean
}

function judge(records: readonly (string | TlsaRecord)[], changes: Case = {}) {
  const { shown = SERVER, names = ['mx.dane.test'], isForgeable = false } = changes
  const { verifyDepth = 9, nowMs = NOW_MS } = changes
  const read = readRecords(
    records.map((record) => (typeof record === 'string' ? tlsa(record) : record)),
    tlsDefaults.dane.digests,
  )
  const [certificate, ...sent] = shown.map(daneCertificate)
  const terms = { baseDomain: 'mx.dane.test', names, ...read }
  const limits = { verifyDepth, nowMs }
  const { status, isAcceptable, complaint, matched } = judgeDane(
    { certificate: certificate!, sent },
    terms,
    isForgeable,
    limits,
  )
  expect(isAcceptable).toBe(complaint === undefined)
  // Digests and keys are what they are.
  const texts = complaint ?? matched.map((line) => line.replace(/ [0-9A-F.]+$/, ''))
  return [status, ...texts]
}

const NO_MATCH = 'num=65:no matching DANE TLSA records'
const FAILED = 'certificate verification failed for'
const NAME = 'matched peername: mx.dane.test'

describe('usage 3', () => {
  it.each(['3 1 1 server', '3 1 2 server', '3 0 1 server', '3 0 2 server', '3 0 0 server'])(
    'C-157: %s matches',
    (record) => {
      const text = `Matched DANE EE certificate at depth 0: ${record.replace(' server', '')}`
      expect(judge([record])).toEqual(['Verified', text])
    },
  )

  it('C-157: counts whatever names and dates the certificate has, and who signed it', () => {
    const changes = { shown: ['expired'], names: ['other.test'] }
    expect(judge(['3 1 1 expired'], changes)[0]).toBe('Verified')
    expect(judge(['3 1 0 expired'], changes)[0]).toBe('Verified')
  })

  it('C-157: of another key does not match, and is not for certificates above', () => {
    expect(judge(['3 1 1 root'])).toEqual(['Untrusted', `server ${FAILED}`, NO_MATCH])
  })

  it('C-157: one of several is enough', () => {
    expect(judge(['2 0 1 impostor', '3 1 1 root', '3 1 1 server'])[0]).toBe('Verified')
  })

  it('C-156: where somebody may have named the server, it is trusted and no more', () => {
    expect(judge(['3 1 1 server'], { isForgeable: true })[0]).toBe('Trusted')
  })
})

describe('usage 2', () => {
  const at = (depth: number, record: string) => [
    'Verified',
    NAME,
    `Matched DANE TA certificate at depth ${depth}: ${record}`,
  ]

  it.each([
    ['2 0 1 root', SERVER, 2],
    ['2 1 2 root', SERVER, 2],
    ['2 0 1 intermediate', SERVER, 1],
    ['2 1 1 intermediate', ['server', 'intermediate'], 1],
    ['2 0 0 root', ['server', 'intermediate'], 2],
    ['2 0 1 root', ['server', 'root', 'impostor', 'intermediate'], 2],
  ])('C-157: %s matches in %j', (record, shown, depth) => {
    expect(judge([record], { shown })).toEqual(at(depth, record.slice(0, 5)))
  })

  it('C-157: a bare key needs no certificate', () => {
    const text = 'Matched DANE TA public key verified certificate at depth 1: 2 1 0'
    expect(judge(['2 1 0 root'], { shown: ['server', 'intermediate'] })).toEqual([
      ...['Verified', NAME, text],
    ])
  })

  it.each<[string, string, Case, string, string]>([
    ['a digest of what was not sent', '2 0 1 root', { shown: SERVER.slice(0, 2) }, 'CA', NO_MATCH],
    ['of the server itself', '2 1 1 server', {}, 'CA', NO_MATCH],
    ['of another with the name of the root', '2 0 0 impostor', {}, 'CA', NO_MATCH],
    ['of the key of such a one', '2 1 0 impostor', { shown: SERVER.slice(0, 2) }, 'CA', NO_MATCH],
    [
      'that was sent, but has signed nothing',
      '2 0 1 impostor',
      { shown: ['server', 'intermediate', 'impostor'] },
      'CA',
      NO_MATCH,
    ],
    [
      'above one that is no authority',
      '2 0 1 root',
      { shown: ['under-no-authority', 'no-authority', 'root'] },
      'CA',
      'num=79:invalid CA certificate',
    ],
    [
      'above one that allows no more authorities',
      '2 0 1 root',
      { shown: ['too-deep', 'below-limit', 'intermediate', 'root'] },
      'CA',
      'num=25:path length constraint exceeded',
    ],
    [
      'above one with name constraints',
      '2 0 1 root',
      { shown: ['under-constrained', 'constrained', 'root'] },
      'CA',
      'num=34:unhandled critical extension',
    ],
    [
      'with something critical that nobody knows',
      '2 0 1 root',
      { shown: ['critical', 'intermediate', 'root'] },
      'server',
      'num=34:unhandled critical extension',
    ],
    [
      'with a signature that can be forged',
      '2 0 1 root',
      { shown: ['weak', 'intermediate', 'root'] },
      'server',
      'num=68:CA signature digest algorithm too weak',
    ],
    [
      'out of date',
      '2 0 1 root',
      { shown: ['expired', 'intermediate', 'root'] },
      'server',
      'certificate has expired',
    ],
    [
      'not valid yet',
      '2 0 1 root',
      { nowMs: Date.UTC(2019, 0, 1) },
      'CA',
      'certificate not yet valid',
    ],
  ])('C-157: refuses one %s', (_, record, changes, whose, text) => {
    expect(judge([record], changes)).toEqual(['Untrusted', `${whose} ${FAILED}`, text])
  })

  it('C-154: has its own words for a long path, and for a certificate of a client', () => {
    const long = 'certificate chain longer than limit(0)'
    expect(judge(['2 0 1 root'], { verifyDepth: -1 })).toEqual(['Untrusted', FAILED, long])
    expect(judge(['2 0 1 root'], { verifyDepth: 0 })[0]).toBe('Verified')
    const client = judge(['2 0 1 root'], { shown: ['client', 'intermediate', 'root'] })
    expect(client.at(-1)).toBe('not designated for use as a server certificate')
  })

  it('C-157: the name must be that of the server, or of the domain', () => {
    const names = ['mx.other.test', 'dane.test']
    const mismatch = ['Trusted', `server ${FAILED}`, 'num=62:hostname mismatch']
    expect(judge(['2 0 1 root'], { names })).toEqual(mismatch)
    expect(judge(['2 0 1 root'], { names: [...names, 'mx.dane.test'] })[0]).toBe('Verified')
  })

  it('many certificates of one name cost little', () => {
    const shown = ['server', 'intermediate', ...Array.from({ length: 200 }, () => 'impostor')]
    expect(judge(['2 0 1 root'], { shown }).at(-1)).toBe(NO_MATCH)
  })
})

describe('which records count', () => {
  const read = (...records: readonly TlsaRecord[]) => {
    const { records: usable, unusable } = readRecords(records, tlsDefaults.dane.digests)
    return { usable: usable.map(({ text }) => text.slice(0, 5)), unusable: unusable.length }
  }

  it('C-157: of digests the strongest, for each usage and selector; what has none, always', () => {
    const texts = ['3 1 1 server', '3 1 2 root', '3 0 1 server', '2 1 1 root', '3 1 0 root']
    expect(read(...texts.map(tlsa)).usable).toEqual(['3 1 2', '3 0 1', '2 1 1', '3 1 0'])
    expect(judge(['3 1 1 server', '3 1 2 root'])[0]).toBe('Untrusted')
  })

  it('C-156: none with an unknown selector or digest, of the wrong length, or broken', () => {
    const good = tlsa('3 1 1 server')
    const whole = tlsa('2 0 0 root')
    const broken: TlsaRecord[] = [
      { ...good, selector: 2 },
      { ...good, matchingType: 3 },
      { ...good, certificate: good.certificate.subarray(1) },
      { ...whole, certificate: whole.certificate.subarray(0, 100) },
      { ...whole, certificate: Buffer.concat([whole.certificate, Buffer.of(0)]) },
      { ...whole, selector: 1 },
    ]
    expect(read(...broken, good)).toEqual({ usable: ['3 1 1'], unusable: broken.length })
  })

  it('C-157: a digest that is left out of tls_dane_digests is not known', () => {
    const { records } = readRecords([tlsa('3 1 2 server')], [{ name: 'sha256', matchingType: 1 }])
    expect(records).toEqual([])
  })
})
