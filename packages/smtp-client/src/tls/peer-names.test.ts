import { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'

import { pem } from '../../test/tls-settings.ts'
import { certificateNames, matchingName } from './peer-names.ts'

const certificate = (name: string) => new X509Certificate(pem(`${name}.pem`))

it('C-146: names are those for DNS, or else the common name', () => {
  expect(certificateNames(certificate('good'))).toEqual(['mx.tls.test'])
  expect(certificateNames(certificate('wild'))).toEqual(['*.tls.test'])
  expect(certificateNames(certificate('named'))).toEqual(['mx.tls.test'])
})

it.each<[string, string, string[], boolean]>([
  ['good', 'mx.tls.test', ['hostname'], true],
  ['good', 'MX.TLS.TEST.', ['hostname'], true],
  ['good', 'other.test', ['hostname'], false],
  ['good', 'other.test', ['hostname', 'mx.tls.test'], true],
  ['good', 'other.test', ['nexthop'], false],
  ['good', 'other.test', ['dot-nexthop'], true],
  ['good', 'other.test', ['.tls.test'], true],
  ['good', 'other.test', ['.ls.test'], false],
  ['good', 'other.test', ['.', ''], false],
  ['wild', 'a.tls.test', ['hostname'], true],
  ['wild', 'a.b.tls.test', ['hostname'], false],
  ['wild', 'tls.test', ['hostname'], false],
  ['wild', 'other.test', ['dot-nexthop'], true],
  ['wild', '*.tls.test', ['hostname'], true],
  ['address', '127.0.0.1', ['hostname'], true],
  ['address', '127.0.0.2', ['hostname'], false],
  ['address', '2001:DB8:0::1', ['hostname'], true],
  ['address', 'other.test', ['nexthop', '127.0.0.1'], true],
  ['good', '127.0.0.1', ['hostname'], false],
])('C-146: %s for %s with %j: %s', (name, hostname, match, matches) => {
  const found = matchingName(certificate(name), match, { hostname, nexthop: 'tls.test' })
  expect(found !== undefined).toBe(matches)
})
