import { decodeAddress } from '@posthouse/mail-address'
import { describe, expect, it } from 'vitest'

import { encodeXtext, rcptParameters } from './dsn-parameters.ts'

const no = { requested: false, offered: false }
const yes = { requested: true, offered: true }

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

describe('encodeXtext', () => {
  it.each([
    ['QQ314159', 'QQ314159'],
    ['a+b=c d', 'a+2Bb+3Dc+20d'],
    ['é', '+C3+A9'],
    [decodeAddress(Buffer.from([0x61, 0xff])), 'a+FF'],
    ['\r\n', '+0D+0A'],
    ['', ''],
  ])('RFC 3461 4: %j', (text, encoded) => {
    expect(encodeXtext(text)).toBe(encoded)
  })
})

describe('rcptParameters', () => {
  it.each([
    [{ address: 'a@b.test' }, no, ''],
    [{ address: 'x@b.test', original: 'a b@b.test' }, no, ' ORCPT=rfc822;"a+20b"@b.test'],
    [
      { address: 'x@b.test', original: 'a@b.test', dsnOriginal: 'rfc822;c+d@b.test' },
      no,
      ' ORCPT=rfc822;c+2Bd@b.test',
    ],
    [{ address: 'x@b.test', notify: 1 }, no, ' NOTIFY=NEVER'],
    [{ address: 'x@b.test', notify: 14 }, no, ' NOTIFY=SUCCESS,FAILURE,DELAY'],
    [
      { address: 'x@b.test', original: 'é@b.test', notify: 4 },
      no,
      ' ORCPT=rfc822;+C3+A9@b.test NOTIFY=FAILURE',
    ],
    [{ address: 'x@b.test', original: 'é@b.test' }, yes, latin1(' ORCPT=utf-8;é@b.test')],
    [
      { address: 'x@b.test', original: 'é+@b.test' },
      { requested: true, offered: false },
      ' ORCPT=utf-8;\\x{E9}\\x{2B}@b.test',
    ],
  ])('C-79: %j', (recipient, terms, parameters) => {
    expect(rcptParameters(recipient, terms)).toBe(parameters)
  })
})
