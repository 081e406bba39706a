import { decodeAddress } from '@posthouse/mail-address'
import { describe, expect, it } from 'vitest'

import { encodeXtext, rcptParameters } from './dsn-parameters.ts'

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
    [{ address: 'a@b.test' }, false, ''],
    [{ address: 'x@b.test', original: 'a b@b.test' }, false, ' ORCPT=rfc822;"a+20b"@b.test'],
    [
      { address: 'x@b.test', original: 'a@b.test', dsnOriginal: 'rfc822;c+d@b.test' },
      false,
      ' ORCPT=rfc822;c+2Bd@b.test',
    ],
    [{ address: 'x@b.test', notify: 1 }, false, ' NOTIFY=NEVER'],
    [{ address: 'x@b.test', notify: 14 }, false, ' NOTIFY=SUCCESS,FAILURE,DELAY'],
    [
      { address: 'x@b.test', original: 'é@b.test', notify: 4 },
      false,
      ' ORCPT=rfc822;+C3+A9@b.test NOTIFY=FAILURE',
    ],
    [
      { address: 'x@b.test', original: 'é+\\@b.test' },
      true,
      ' ORCPT=utf-8;"\\x{E9}\\x{2B}\\x{5C}\\x{5C}"@b.test',
    ],
    [{ address: 'x@b.test', original: '😀@b.test' }, true, ' ORCPT=utf-8;\\x{1F600}@b.test'],
    [{ address: 'x@b.test', dsnOriginal: 'utf-8;é@b.test' }, false, ' ORCPT=utf-8;\\x{E9}@b.test'],
  ])('C-79: %j', (recipient, international, parameters) => {
    expect(rcptParameters(recipient, international)).toBe(parameters)
  })
})
