import { createSecureContext } from 'node:tls'
import { expect, it } from 'vitest'

import { tlsDefaults } from '../../test/tls-settings.ts'
import { cipherList } from './cipher-list.ts'

const { cipherLists } = tlsDefaults

it('C-141: excludes what a level excludes, and keeps TLS 1.3', () => {
  const may = cipherList('medium', 'may', ['RC4'], cipherLists)
  expect(may).toMatch(/^TLS_AES_256_GCM_SHA384:.*:@STRENGTH:!RC4:@SECLEVEL=0$/)
  expect(cipherList('HIGH', 'encrypt', [], cipherLists)).toMatch(/:!eNULL:@SECLEVEL=0$/)
  expect(cipherList('high', 'verify', ['MD5'], cipherLists)).toMatch(/:!MD5:!aNULL$/)
  expect(cipherList('export', 'may', ['RC4'], cipherLists)).toBe(may)
  expect(cipherList('best', 'may', [], cipherLists)).toBeUndefined()
})

it.each(['high', 'medium', 'null'])('the grade %s is one for OpenSSL', (grade) => {
  for (const level of ['may', 'secure'] as const) {
    const ciphers = cipherList(grade, level, [], cipherLists)!
    expect(() => createSecureContext({ ciphers })).not.toThrow()
  }
})
