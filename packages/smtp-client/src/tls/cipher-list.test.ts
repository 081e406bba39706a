import { createSecureContext } from 'node:tls'
import { expect, it } from 'vitest'

import { tlsDefaults } from '../../test/tls-settings.ts'
import { cipherList } from './cipher-list.ts'
import type { TlsLevel } from './tls-level.ts'

const { cipherLists } = tlsDefaults

it('C-141: excludes what a level excludes, and keeps TLS 1.3', () => {
  const cipherString = (...[grade, level, exclude]: [string, TlsLevel, string[]]) =>
    cipherList(grade, level, exclude, cipherLists)?.openssl
  const may = cipherString('medium', 'may', ['RC4'])
  expect(may).toMatch(/^TLS_AES_256_GCM_SHA384:.*:@STRENGTH:!RC4:@SECLEVEL=0$/)
  expect(cipherString('HIGH', 'encrypt', [])).toMatch(/:!eNULL:@SECLEVEL=0$/)
  expect(cipherString('high', 'verify', ['MD5'])).toMatch(/:!MD5:!aNULL$/)
  expect(cipherString('export', 'may', ['RC4'])).toBe(may)
  expect(cipherString('best', 'may', [])).toBeUndefined()
})

it('C-154: logs a list as main.cf has it', () => {
  const { list } = cipherList('high', 'verify', ['MD5'], cipherLists)!
  expect(list).toBe('aNULL:-aNULL:HIGH:@STRENGTH:!MD5:!aNULL')
})

it.each(['high', 'medium', 'null'])('the grade %s is one for OpenSSL', (grade) => {
  for (const level of ['may', 'secure'] as const) {
    const ciphers = cipherList(grade, level, [], cipherLists)!.openssl
    expect(() => createSecureContext({ ciphers })).not.toThrow()
  }
})
