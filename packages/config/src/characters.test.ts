import { describe, expect, it } from 'vitest'

import { ConfigError, parseCharacters } from './index.ts'

const bytesOf = (value: string) => [...parseCharacters('message_strip_characters', value)]

describe('Q-514: parseCharacters', () => {
  // What release 3.7 strips with these, byte for byte.
  it.each([
    ['', []],
    ['a b', [97, 32, 98]],
    [String.raw`\0\7`, [0, 7]],
    [String.raw`\000`, [0]],
    [String.raw`\377`, [255]],
    [String.raw`\1234`, [0o123, 52]],
    [String.raw`\a\b\f\n\r\t\v`, [7, 8, 12, 10, 13, 9, 11]],
    [String.raw`\\\"\ `, [92, 34, 32]],
    ['é', [0xc3, 0xa9]],
    ['\\é', [0xc3, 0xa9]],
    ['\udcff', [0xff]],
  ])('%j', (value, bytes) => {
    expect(bytesOf(value)).toEqual(bytes)
  })

  it.each([
    [String.raw`\q`, 'q'],
    [String.raw`\x41`, 'x41'],
    [String.raw`\8`, '8'],
    [String.raw`\400`, '400'],
    ['a\\', ''],
  ])('refuses %j, which cannot be meant', (value, sequence) => {
    const message = `bad escape sequence \\${sequence} in: message_strip_characters = ${value}`
    const parameter = 'message_strip_characters'
    const details = { code: 'value', message, parameter, value, expected: expect.any(String) }
    expect(() => bytesOf(value)).toThrow(ConfigError)
    expect(() => bytesOf(value)).toThrow(expect.objectContaining(details))
  })
})
