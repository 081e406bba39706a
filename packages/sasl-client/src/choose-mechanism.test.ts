import { expect, it } from 'vitest'

import { chooseMechanism, isSaslSecurityOption, type SaslSecurityOption } from './index.ts'

it.each<[string, SaslSecurityOption[], string | undefined]>([
  ['LOGIN PLAIN', [], 'PLAIN'],
  ['login plain cram-md5', ['noanonymous'], 'CRAM-MD5'],
  ['PLAIN CRAM-MD5 SCRAM-SHA-256', [], 'SCRAM-SHA-256'],
  ['XOAUTH2 LOGIN OAUTHBEARER', [], 'LOGIN'],
  ['XOAUTH2 OAUTHBEARER', ['nodictionary'], 'OAUTHBEARER'],
  ['PLAIN LOGIN XOAUTH2', ['noplaintext'], undefined],
  ['PLAIN CRAM-MD5', ['noplaintext'], 'CRAM-MD5'],
  ['CRAM-MD5 SCRAM-SHA-256', ['mutual_auth'], 'SCRAM-SHA-256'],
  ['CRAM-MD5 PLAIN', ['noactive'], undefined],
  ['SCRAM-SHA-256', ['noactive', 'nodictionary'], undefined],
  ['SCRAM-SHA-256', ['forward_secrecy'], undefined],
  ['GSSAPI ANONYMOUS', [], undefined],
])('C-69, C-70: of %s with %s takes %s', (offered, options, chosen) => {
  expect(chooseMechanism(offered.split(' '), options)).toBe(chosen)
})

it('knows its options by name', () => {
  expect(['noplaintext', 'mutual_auth'].every(isSaslSecurityOption)).toBe(true)
  expect(isSaslSecurityOption('nothing')).toBe(false)
})
