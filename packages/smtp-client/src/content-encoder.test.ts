import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ContentEncoder } from './index.ts'

function encode(chunks: readonly Uint8Array[], limit = 0, trailer = ''): string {
  const encoder = new ContentEncoder(limit, 0)
  for (const chunk of chunks) encoder.write(chunk)
  encoder.end(trailer)
  return encoder.take().toString('latin1')
}

/** What a server makes of the wire form. */
function decode(wire: string): string {
  expect(wire.replaceAll('\r\n', '')).not.toContain('\n')
  const lines = wire.split('\r\n')
  expect(lines.pop()).toBe('')
  expect(lines).not.toContain('.')
  return lines.map((line) => `${line.startsWith('.') ? line.slice(1) : line}\n`).join('')
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...chunks, bytes.subarray(at)]
}

/** What C-160 to C-162 make of content, line by line. */
function plainly(bytes: Buffer, limit: number): string {
  const lines = bytes.toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
    .map((line) => `${line.startsWith('.') ? '.' : ''}${broken(line, limit)}\r\n`)
    .join('')
}

function broken(line: string, limit: number): string {
  if (line.length <= limit) return line
  return `${line.slice(0, limit)}\r\n${broken(` ${line.slice(limit)}`, limit)}`
}

const content = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '.', '..', '.\n', '\r', '\r\n', '\0', 'text', '\xff'),
      fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
    ),
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))

describe('ContentEncoder', () => {
  it.each([
    ['', ''],
    ['a\n', 'a\r\n'],
    ['no newline', 'no newline\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['.\n..\n.x\na.\n', '..\r\n...\r\n..x\r\na.\r\n'],
    ['.', '..\r\n'],
    ['a\rb\r\nc\0\n', 'a\rb\r\r\nc\0\r\n'],
  ])('C-160, C-161: %j', (text, wire) => {
    expect(encode([Buffer.from(text)])).toBe(wire)
  })

  it.each([
    [
      `X-Long: ${'h'.repeat(40)}\n`,
      `X-Long: ${'h'.repeat(12)}\r\n ${'h'.repeat(19)}\r\n ${'h'.repeat(9)}\r\n`,
    ],
    ['.starts with dot and is long enough\n', '..starts with dot and\r\n  is long enough\r\n'],
    [`${'x'.repeat(20)}\n`, `${'x'.repeat(20)}\r\n`],
    [`${'x'.repeat(21)}\n`, `${'x'.repeat(20)}\r\n x\r\n`],
    [`${'x'.repeat(20)}.dot\n`, `${'x'.repeat(20)}\r\n .dot\r\n`],
  ])('C-162: %j is broken at 20 octets', (text, wire) => {
    expect(encode([Buffer.from(text)], 20)).toBe(wire)
    expect(
      encode(
        Array.from(Buffer.from(text), (byte) => Buffer.of(byte)),
        20,
      ),
    ).toBe(wire)
  })

  it('C-162: tells whether it broke a line', () => {
    const encoder = new ContentEncoder(20, 0)
    encoder.write(Buffer.from('x'.repeat(20)))
    expect(encoder.brokeLine).toBe(false)
    encoder.write(Buffer.from('x'))
    expect(encoder.brokeLine).toBe(true)
  })

  it('C-160, C-161: is undone by a server, however the content is split', () => {
    fc.assert(
      fc.property(content, fc.array(fc.nat({ max: 9 })), (bytes, sizes) => {
        const text = bytes.toString('latin1')
        const expected = text === '' || text.endsWith('\n') ? text : `${text}\n`
        expect(decode(encode(cut(bytes, sizes)))).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('C-162: with a limit, gives the same however split; joined again it is what it was', () => {
    const split = fc.array(fc.nat({ max: 9 }))
    fc.assert(
      fc.property(content, split, fc.integer({ min: 2, max: 12 }), (bytes, sizes, limit) => {
        const wire = encode(cut(bytes, sizes), limit)
        expect(wire).toBe(encode([bytes], limit))
        const lines = decode(wire).split('\n')
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(limit)
        const text = bytes.toString('latin1')
        const expected = text === '' || text.endsWith('\n') ? text : `${text}\n`
        if (!/\n /.test(`\n${text}`)) expect(decode(wire).replaceAll('\n ', '')).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('C-160 to C-162: gives what a plain reading of the rules gives, taken in any pieces', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }))
    const expectedBytes = fc.constantFrom(0, 1, 100)
    fc.assert(
      fc.property(
        content,
        sizes,
        fc.integer({ min: 2, max: 40 }),
        expectedBytes,
        (bytes, pieces, limit, expected) => {
          const encoder = new ContentEncoder(limit, expected)
          const taken: Buffer[] = []
          for (const chunk of cut(bytes, pieces)) {
            encoder.write(chunk)
            if (chunk.length % 2 === 0) taken.push(encoder.take())
          }
          encoder.end('.\r\n')
          const wire = Buffer.concat([...taken, encoder.take()]).toString('latin1')
          expect(wire).toBe(`${plainly(bytes, limit)}.\r\n`)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('hands over what it has so far, and goes on', () => {
    const encoder = new ContentEncoder(0, 4)
    encoder.write(Buffer.from('one\ntw'))
    const first = encoder.take()
    encoder.write(Buffer.from('o'))
    encoder.end('.\r\n')
    expect(Buffer.concat([first, encoder.take()]).toString()).toBe('one\r\ntwo\r\n.\r\n')
    expect(encoder.length).toBe(0)
  })

  it('takes plain Uint8Arrays that are views', () => {
    const bytes = new TextEncoder().encode('xxhello\nyy')
    expect(encode([bytes.subarray(2, 8)])).toBe('hello\r\n')
  })
})
