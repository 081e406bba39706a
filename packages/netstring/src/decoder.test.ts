import { createRequire } from 'node:module'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/strict.json' with { type: 'json' }
import { encodeNetstring, NetstringDecoder, NetstringError } from './index.ts'

const MAX_BYTES = 16

// Written by somebody else, so that encoder and decoder cannot agree on the same mistake.
const independent: { write(data: Buffer, encoding: 'buffer'): Buffer } = createRequire(
  import.meta.url,
)('netstring-stream')

describe('NetstringDecoder', () => {
  it.each(vectors.cases)('vector: $name', ({ wire, payloads, error }) => {
    expect(decode([Buffer.from(wire, 'latin1')])).toEqual({ payloads, error })
  })

  // TCP may split the stream anywhere, so neither payloads nor errors may depend on where.
  it.each(vectors.cases)('vector, byte by byte: $name', ({ wire, payloads, error }) => {
    const bytes = Buffer.from(wire, 'latin1')
    expect(decode(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual({ payloads, error })
  })

  it.each([
    ['encodeNetstring', encodeNetstring],
    [
      'netstring-stream',
      (payload: Uint8Array) => independent.write(Buffer.from(payload), 'buffer'),
    ],
  ])('decodes what %s wrote, however the stream is split', (_, encode) => {
    const payload = fc.uint8Array({ maxLength: MAX_BYTES })
    fc.assert(
      fc.property(fc.array(payload), fc.array(fc.nat({ max: 40 })), (sent, cuts) => {
        const wire = Buffer.concat(sent.map(encode))
        const decoder = new NetstringDecoder(MAX_BYTES)
        const received = split(wire, cuts).flatMap((chunk) => [...decoder.push(chunk)])
        decoder.end()
        expect(received.map((bytes) => Buffer.from(bytes))).toEqual(
          sent.map((bytes) => Buffer.from(bytes)),
        )
      }),
    )
  })

  it('throws nothing but NetstringError, whatever comes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.stringMatching(/^[0-9:,a]{0,40}$/).map((text) => Buffer.from(text)),
    )
    fc.assert(fc.property(fc.array(bytes), (chunks) => void decode(chunks)))
  })
})

describe('encodeNetstring', () => {
  it('Q-101: writes the bytes of the specification', () => {
    expect(encodeNetstring(Buffer.from('hello world!')).toString('hex')).toBe(
      '31323a68656c6c6f20776f726c64212c',
    )
    expect(encodeNetstring(new Uint8Array(0)).toString()).toBe('0:,')
  })

  it('Q-101: the length counts bytes, not characters', () => {
    expect(encodeNetstring(Buffer.from('é')).toString()).toBe('2:é,')
  })

  it('writes what an independent encoder writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        expect(encodeNetstring(payload)).toEqual(independent.write(Buffer.from(payload), 'buffer'))
      }),
    )
  })
})

function decode(chunks: Uint8Array[]): { payloads: string[]; error: string | undefined } {
  const decoder = new NetstringDecoder(MAX_BYTES)
  const payloads: string[] = []
  try {
    for (const chunk of chunks) {
      for (const payload of decoder.push(chunk)) {
        payloads.push(Buffer.from(payload).toString('latin1'))
      }
    }
    decoder.end()
  } catch (error) {
    if (!(error instanceof NetstringError)) throw error
    return { payloads, error: error.code }
  }
  return { payloads, error: undefined }
}

/** Cuts `bytes` after each of the given numbers of bytes; the last chunk takes the rest. */
function split(bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...chunks, bytes.subarray(at)]
}
