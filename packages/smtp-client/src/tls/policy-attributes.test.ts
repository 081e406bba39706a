import { expect, it } from 'vitest'

import { tlsDefaults } from '../../test/tls-settings.ts'
import { parsePolicy } from './policy-attributes.ts'

it.each([
  ['', 'invalid empty policy'],
  ['bogus', 'invalid security level "bogus"'],
  ['halfdane', 'invalid security level "halfdane"'],
  ['dane match=a.example', 'attribute "match" invalid at security level "dane"'],
  ['encrypt foo=bar', 'invalid attribute name: "foo"'],
  [
    'encrypt ciphers',
    'malformed attribute/value pair "ciphers": missing \'=\' after attribute name',
  ],
  ['encrypt ciphers=', 'attribute "ciphers" has empty value'],
  ['may protocols=TLSv1.2 protocols=TLSv1.3', 'attribute "protocols" is specified multiple times'],
  ['may connection_reuse=maybe', 'attribute "connection_reuse" has bad value: "maybe"'],
  ['encrypt match=mx.example', 'attribute "match" invalid at security level "encrypt"'],
  ['fingerprint tafile=/a', 'attribute "tafile" invalid at security level "fingerprint"'],
  ['may servername=a..b', '"servername=a..b" specifies an invalid hostname'],
  [
    'secure mx_host_pattern=mx.example',
    'built-in policy has unexpected attribute policy_ttl, policy_domain, policy_string, ' +
      'mx_host_pattern or policy_failure',
  ],
])('C-136: refuses "%s"', (value, problem) => {
  expect(parsePolicy(value, tlsDefaults)).toEqual({ problem })
})

it.each<[string, object]>([
  ['May', { level: 'may', protocols: '>=TLSv1', match: [], connectionReuse: false }],
  // Whether there is such a grade is found out when it is needed.
  ['encrypt ciphers=best', { ciphers: 'best' }],
  ['encrypt ciphers=high, exclude=RC4:MD5', { ciphers: 'high', exclude: ['RC4', 'MD5'] }],
  ['verify', { match: ['hostname'] }],
  ['secure match=a.example:.b.example match=c', { match: ['a.example', '.b.example', 'c'] }],
  ['fingerprint match=AA:BB|CC:DD', { match: ['AA:BB', 'CC:DD'] }],
  ['encrypt { protocols = >=TLSv1.2, !TLSv1.3 }', { protocols: '>=TLSv1.2, !TLSv1.3' }],
  ['may connection_reuse=no connection_reuse=YES', { connectionReuse: true }],
  ['may servername=hostname', { servername: 'hostname' }],
  ['dane-only ciphers=high', { level: 'dane-only', ciphers: 'high', match: [] }],
  ['secure tafile=/a tafile=/b', { trustAnchorFiles: ['/a', '/b'] }],
  [
    'secure policy_type=sts match=x.example mx_host_pattern=*.x.example',
    { mxPatterns: ['*.x.example'], match: ['hostname'] },
  ],
])('C-135: reads "%s"', (value, expected) => {
  expect(parsePolicy(value, tlsDefaults)).toMatchObject({ policy: expected, warnings: [] })
})

it('C-136: warns of what makes no difference', () => {
  expect(parsePolicy('none match=x', tlsDefaults)).toMatchObject({
    policy: { level: 'none' },
    warnings: ['ignoring attribute "match=x" with TLS disabled'],
  })
  expect(parsePolicy('may enable_rpk=no enable_rpk=Yes', tlsDefaults)).toMatchObject({
    policy: { level: 'may' },
    warnings: ['ignoring attribute "enable_rpk=yes": certificates only'],
  })
})
