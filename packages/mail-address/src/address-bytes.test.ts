import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeAddress, encodeAddress, isAscii, isValidUtf8Text } from './index.ts'

describe('decodeAddress, encodeAddress', () => {
  it.each([
    ['ASCII', Buffer.from('user@example.org'), 'user@example.org'],
    ['UTF-8', Buffer.from('jörg@exämple.org'), 'jörg@exämple.org'],
    ['a byte order mark', Buffer.from('\ufeffa'), '\ufeffa'],
    ['beyond the basic plane', Buffer.from('📮@a'), '📮@a'],
    ['Latin-1', Buffer.from('j\xf6rg@a', 'latin1'), 'j\udcf6rg@a'],
    ['an overlong form', Buffer.of(0xc0, 0xaf), '\udcc0\udcaf'],
    ['a UTF-8 surrogate', Buffer.of(0xed, 0xb2, 0x80), '\udced\udcb2\udc80'],
    ['a truncated character', Buffer.of(0x61, 0xf0, 0x9f, 0x93), 'a\udcf0\udc9f\udc93'],
    ['four bytes after a bad one', Buffer.from('\xff\xf0\x9f\x93\xae', 'latin1'), '\udcff📮'],
    ['good among bad', Buffer.of(0xff, 0xc3, 0xb6, 0xff), '\udcffö\udcff'],
  ])('keeps %s', (_, bytes, text) => {
    expect(decodeAddress(bytes)).toBe(text)
    expect(encodeAddress(text)).toEqual(bytes)
  })

  it('takes any Uint8Array, also a part of a larger one', () => {
    expect(decodeAddress(Uint8Array.of(0x61, 0x62, 0xff).subarray(1))).toBe('b\udcff')
  })

  it('gives back the bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(encodeAddress(decodeAddress(bytes))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('gives back the bytes where valid and damaged characters meet', () => {
    const piece = fc.constantFrom('a', '\xff', '\xc3\xb6', '\xf0\x9f\x93\xae', '\xc3', '\xed\xb2')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1')
        expect(encodeAddress(decodeAddress(bytes))).toEqual(bytes)
      }),
    )
  })

  it('writes a surrogate that no byte stands for as U+FFFD', () => {
    expect(encodeAddress('a\ud83d')).toEqual(Buffer.from('a\ufffd'))
  })
})

it('tells ASCII, valid UTF-8 and neither apart', () => {
  const texts = ['user\x7f', 'jörg', 'j\udcf6rg', '']
  expect(texts.map(isAscii)).toEqual([true, false, false, true])
  expect(texts.map(isValidUtf8Text)).toEqual([true, true, false, true])
})
