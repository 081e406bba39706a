import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/lax.json' with { type: 'json' }
import { encodeNetstring, NetstringError, NetstringReader } from './index.ts'

const LIMIT = 20

describe('NetstringReader.read', () => {
  it.each(vectors.cases)('Q-104: $name', ({ wire, payload, error }) => {
    expect(readOne([Buffer.from(wire, 'latin1')])).toEqual({ payload, error })
  })

  it.each(vectors.cases)('Q-107, byte by byte: $name', ({ wire, payload, error }) => {
    const bytes = Buffer.from(wire, 'latin1')
    expect(readOne(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual({ payload, error })
  })

  it('Q-106: refuses a length at its colon, before any payload', () => {
    const reader = new NetstringReader()
    reader.push(Buffer.from('21'))
    expect(reader.read(LIMIT)).toBe(undefined)
    reader.push(Buffer.from(':'))
    expect(codeOf(() => reader.read(LIMIT))).toBe('too-large')
  })

  it.each([0, -1])('Q-106: a limit of %i is none', (limit) => {
    const reader = new NetstringReader()
    reader.push(encodeNetstring(Buffer.alloc(100_000, 'x')))
    expect(reader.read(limit)?.length).toBe(100_000)
  })

  it('Q-105: 2^53 is no boundary of the limit', () => {
    const refused = (length: string) => {
      const reader = new NetstringReader()
      reader.push(Buffer.from(`${length}:`))
      return codeOf(() => reader.read(Number.MAX_SAFE_INTEGER))
    }
    expect(refused('9007199254740991')).toBe(undefined)
    expect(refused('9007199254740992')).toBe('too-large')
    expect(refused('9007199254740993')).toBe('too-large')
  })

  it('Q-107: leaves surplus bytes to the next element', () => {
    const reader = new NetstringReader()
    reader.push(Buffer.from('1:a,2:b'))
    reader.push(Buffer.from('c,rest'))
    expect(text(reader.read(LIMIT))).toBe('a')
    expect(text(reader.read(LIMIT))).toBe('bc')
    expect(reader.surplus).toBe(4)
    expect(reader.peek()).toBe('r'.charCodeAt(0))
    expect(reader.surplus).toBe(4)
  })

  it('copies nothing when one chunk holds the payload', () => {
    const chunk = Buffer.from('5:hello,')
    const reader = new NetstringReader()
    reader.push(chunk)
    expect(reader.read(LIMIT)?.buffer).toBe(chunk.buffer)
  })

  it('copies nothing when what is around the payload comes in other chunks', () => {
    const payload = Buffer.from('hello')
    const reader = new NetstringReader()
    reader.push(Buffer.from('5:'))
    reader.push(payload)
    reader.push(Buffer.from(','))
    const bytes = reader.read(LIMIT)
    expect(bytes?.buffer).toBe(payload.buffer)
    expect(bytes?.byteOffset).toBe(payload.byteOffset)
  })

  it('takes memory for what came, not for what was declared', () => {
    const readers = Array.from({ length: 1000 }, () => new NetstringReader())
    const before = process.memoryUsage().arrayBuffers
    for (const reader of readers) {
      reader.push(Buffer.from('1000000000:x'))
      expect(reader.read(0)).toBe(undefined)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000)
  })

  it('fails in the same way when asked again after an error', () => {
    const reader = new NetstringReader()
    reader.push(Buffer.from('x1:a,'))
    expect(codeOf(() => reader.read(LIMIT))).toBe('malformed')
    expect(codeOf(() => reader.read(LIMIT))).toBe('malformed')
    expect(codeOf(() => reader.peek())).toBe('malformed')
    expect(codeOf(() => reader.readLength(0))).toBe('malformed')
    expect(codeOf(() => reader.readComma())).toBe('malformed')
  })

  it('fails again after a length that passed 2^63-1', () => {
    const reader = new NetstringReader()
    reader.push(Buffer.from('9223372036854775808:,'))
    expect(codeOf(() => reader.read(0))).toBe('too-large')
    expect(codeOf(() => reader.read(0))).toBe('too-large')
  })
})

describe('NetstringReader, nested', () => {
  it('Q-102: reads an outer length, what is in it, and its comma', () => {
    const reader = new NetstringReader()
    reader.push(Buffer.from('8:1:a,1:b,,'))
    expect(reader.readLength(0)).toBe(8)
    expect(text(reader.read(LIMIT))).toBe('a')
    expect(text(reader.read(LIMIT))).toBe('b')
    expect(reader.readComma()).toBe(true)
    expect(reader.surplus).toBe(0)
  })

  it.each([
    ['', 0],
    [`${'0'.repeat(1000)}7`, 7],
    ['9007199254740989', 9007199254740989],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
  ])('Q-105: readLength gives %s exactly', (digits, length) => {
    const reader = new NetstringReader()
    for (const byte of Buffer.from(digits)) reader.push(Buffer.of(byte))
    expect(reader.readLength(0)).toBe(undefined)
    reader.push(Buffer.from(':'))
    expect(reader.readLength(0)).toBe(length)
  })

  it('Q-104: says what is due, so that a time limit can be told from a format error', () => {
    const reader = new NetstringReader()
    const due = [reader.due]
    for (const byte of ['0', '2', ':', 'a', 'b', ',']) {
      reader.push(Buffer.from(byte))
      reader.read(LIMIT)
      due.push(reader.due)
    }
    expect(due).toEqual(['start', 'length', 'length', 'payload', 'payload', 'comma', 'start'])
  })

  it('Q-104: an end is truncated, and malformed where a comma is due', () => {
    const reader = new NetstringReader()
    expect(reader.peek()).toBe(undefined)
    expect(reader.readComma()).toBe(false)
    reader.end()
    expect(codeOf(() => reader.peek())).toBe('truncated')
    const other = new NetstringReader()
    other.end()
    expect(codeOf(() => other.readComma())).toBe('malformed')
  })
})

describe('NetstringReader, properties', () => {
  const element = fc.uint8Array({ maxLength: LIMIT })

  it('Q-107: reads what encodeNetstring wrote, however the stream is cut and asked', () => {
    fc.assert(
      fc.property(
        fc.array(element),
        fc.array(fc.nat({ max: 30 })),
        fc.boolean(),
        (sent, cuts, eager) => {
          const wire = Buffer.concat(sent.map(encodeNetstring))
          const reader = new NetstringReader()
          const received: Buffer[] = []
          const drain = () => {
            for (let bytes = reader.read(LIMIT); bytes; bytes = reader.read(LIMIT)) {
              received.push(Buffer.from(bytes))
            }
          }
          let at = 0
          for (const size of [...cuts, wire.length]) {
            reader.push(wire.subarray(at, at + size))
            at += size
            if (eager) drain()
          }
          drain()
          expect(received).toEqual(sent.map((bytes) => Buffer.from(bytes)))
        },
      ),
    )
  })

  it('throws nothing but NetstringError, and the same for every cut', () => {
    const wire = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.stringMatching(/^[0-9:,a]{0,30}$/).map((bytes) => Buffer.from(bytes)),
    )
    fc.assert(
      fc.property(wire, fc.array(fc.nat({ max: 5 })), (bytes, cuts) => {
        const chunks: Uint8Array[] = []
        let at = 0
        for (const size of [...cuts, bytes.length]) {
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        expect(readOne(chunks)).toEqual(readOne([bytes]))
      }),
    )
  })
})

function readOne(chunks: Uint8Array[]): { payload: string | undefined; error: string | undefined } {
  const reader = new NetstringReader()
  let payload: string | undefined
  const error = codeOf(() => {
    for (const chunk of chunks) {
      reader.push(chunk)
      payload ??= text(reader.read(LIMIT))
      if (payload !== undefined) return
    }
    reader.end()
    payload = text(reader.read(LIMIT))
  })
  return { payload, error }
}

function codeOf(fn: () => unknown): string | undefined {
  try {
    fn()
    return undefined
  } catch (error) {
    if (!(error instanceof NetstringError)) throw error
    return error.code
  }
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('latin1')
}
