import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { contentText, readContentText } from './content-text.ts'
import { ContentWriter } from './index.ts'
import { RecordReader } from './record-reader.ts'

const LIMIT = 512
const LF = Buffer.from('\n')
const TEXT = Buffer.from(`${'x'.repeat(78)}\n`.repeat(40))

describe('ContentWriter', () => {
  it.each([
    ['511 × a LF', `${'a'.repeat(511)}\n`, ['N511']],
    ['512 × a LF', `${'a'.repeat(512)}\n`, ['N512']],
    ['513 × a LF', `${'a'.repeat(513)}\n`, ['L512', 'N1']],
    ['1024 × a LF', `${'a'.repeat(1024)}\n`, ['L512', 'N512']],
    ['1025 × a LF', `${'a'.repeat(1025)}\n`, ['L512', 'L512', 'N1']],
    ['512 × z, end', 'z'.repeat(512), ['L512', 'N0']],
    ['body end', 'body', ['L4', 'N0']],
    ['nothing at all', '', []],
    ['empty lines', '\n\n', ['N0', 'N0']],
  ])('Q-341: cuts %s', (_, text, records) => {
    const writer = new ContentWriter(LIMIT, 0)
    writer.text(Buffer.from(text))
    expect(recordsOf(writer.finish())).toEqual(records)
  })

  it('F-44: ends an open line once, with what comes next or with an empty record', () => {
    const writer = new ContentWriter(LIMIT, 0)
    writer.partial(Buffer.from('To: '))
    writer.line(Buffer.from('..x@y..'), 2, 5)
    writer.partial(Buffer.from('open'))
    expect(recordsOf(writer.finish())).toEqual(['L4', 'N3', 'L4', 'N0'])
    expect(Buffer.from(contentText(writer.finish())).toString()).toBe('To: x@y\nopen\n')
  })

  it('takes a part of a buffer, and no LF behind it', () => {
    const writer = new ContentWriter(LIMIT, 0)
    writer.text(Buffer.from('xx\nab\ncd\nef\n'), 3, 8)
    expect(Buffer.from(contentText(writer.finish())).toString()).toBe('ab\ncd\n')
  })

  it('F-44: gives its records out in pieces', () => {
    const writer = new ContentWriter(LIMIT, 0)
    writer.text(Buffer.from('ab\ncd'))
    expect(writer.pendingBytes).toBe(8)
    expect(recordsOf(writer.take())).toEqual(['N2', 'L2'])
    expect([writer.pendingBytes, writer.byteLength]).toEqual([0, 8])
    writer.line(Buffer.from('efg'))
    expect(recordsOf(writer.finish())).toEqual(['N3'])
    expect(writer.byteLength).toBe(13)
    expect(writer.contentText).toBe(undefined)
    const open = new ContentWriter(LIMIT, 0)
    open.partial(Buffer.from('x'))
    open.take()
    expect(recordsOf(open.finish())).toEqual(['N0'])
  })

  it.each([0, 1, 127, 128, 3000])('Q-345: takes no more than maxBytes, %i a record', (length) => {
    const record = Buffer.alloc(length, 'x')
    const one = new ContentWriter(4096, 0)
    one.line(record)
    const bytes = one.byteLength
    for (const takes of [false, true]) {
      const writer = new ContentWriter(4096, 0, 5 * bytes - 1)
      for (let count = 0; count < 4; count++) writer.line(record)
      if (takes) writer.take()
      expect(writer.room).toBe(bytes - 1)
      expect(() => writer.line(record)).toThrow(expect.objectContaining({ code: 'too-large' }))
      const exact = new ContentWriter(4096, 0, 5 * bytes)
      for (let count = 0; count < 5; count++) exact.line(record)
      expect(exact.room).toBe(0)
    }
  })

  it.each([0, -1, Number.NaN, 2 ** 28])('refuses a limit of %d bytes', (limit) =>
    expect(() => new ContentWriter(limit, 0)).toThrow(RangeError),
  )

  it('F-44: keeps every byte, however the text is given and the file is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece),
        fc.constantFrom(1, 2, 7, 126, 127, 128, 2048),
        fc.integer({ min: 1, max: 90 }),
        fc.constantFrom(0, 3000),
        async (pieces, limit, windowBytes, expectedBytes) => {
          const writer = new ContentWriter(limit, expectedBytes)
          for (const { way, bytes } of pieces) {
            // A part of a buffer, with an LF on both sides that does not belong to it.
            const around = Buffer.concat([LF, bytes, LF])
            writer[way](around, 1, 1 + bytes.length)
          }
          const records = writer.finish()
          const text = Buffer.concat(
            pieces.flatMap(({ way, bytes }) => (way === 'line' ? [bytes, LF] : [bytes])),
          )
          const isOpen = text.length > 0 && text.at(-1) !== 0x0a
          const expected = isOpen ? Buffer.concat([text, LF]) : text
          expect(contentText(records)).toEqual(expected)
          expect(writer.contentText).toEqual(expected)
          expect(await readBack(records, windowBytes)).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('Q-341: makes the same records of a text, however it is cut at line ends', () => {
    const lengths = fc.array(fc.oneof(fc.nat(3), fc.integer({ min: 120, max: 260 })))
    fc.assert(
      fc.property(lengths, fc.constantFrom(1, 126, 127, 128, 2048), (lines, limit) => {
        const whole = new ContentWriter(limit, 0)
        const single = new ContentWriter(limit, 0)
        whole.text(Buffer.from(lines.map((length) => `${'x'.repeat(length)}\n`).join('')))
        for (const length of lines) single.line(Buffer.alloc(length, 'x'))
        expect(whole.finish()).toEqual(single.finish())
      }),
      { numRuns: 200 },
    )
  })
})

// Text may have LF, and the others must not.
const anyBytes = fc.uint8Array({ maxLength: 40 })
const long = fc.integer({ min: 120, max: 300 }).map((length) => Buffer.alloc(length, 97))
const piece = fc.oneof(
  fc.record({
    way: fc.constant('text' as const),
    bytes: fc.oneof(anyBytes, long, fc.constant(Buffer.from('\n')), fc.constant(TEXT)),
  }),
  fc.record({
    way: fc.constantFrom('line' as const, 'partial' as const),
    bytes: fc.oneof(anyBytes.map(withoutLf), long),
  }),
)

describe('contentText', () => {
  it.each([
    ['a cut length', 'N\x80'],
    ['a cut payload', 'N\x03ab'],
    ['another type', 'N\x00X\x00'],
    ['only a type', 'N'],
    ['too many length bytes', 'N\x80\x80\x80\x80\x00'],
  ])('refuses %s', (_, records) => {
    expect(() => contentText(Buffer.from(records, 'latin1'))).toThrow(TypeError)
  })

  it('F-29: takes lengths of two, three and four bytes', () => {
    const text = Buffer.concat([128, 16_384, 2 ** 21].map((size) => Buffer.alloc(size, 'x')))
    const writer = new ContentWriter(2 ** 28 - 1, 0)
    for (const size of [128, 16_384, 2 ** 21]) writer.partial(text, 0, size)
    const records = writer.finish()
    expect([records[1], records[2]]).toEqual([0x80, 1])
    expect(contentText(records).length).toBe(text.length + 1)
  })
})

function recordsOf(bytes: Uint8Array): string[] {
  const records: string[] = []
  for (let at = 0; at < bytes.length; ) {
    let length = bytes[at + 1]! & 0x7f
    let header = 2
    if (bytes[at + 1]! > 0x7f) length += bytes[at + header++]! << 7
    records.push(String.fromCharCode(bytes[at]!) + length)
    at += header + length
  }
  return records
}

function withoutLf(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0x0a ? 0 : byte))
}

async function readBack(records: Uint8Array, windowBytes: number): Promise<Buffer> {
  const file = Buffer.concat([records, Buffer.from('X\0E\0')])
  const read = async (position: number, length: number) =>
    file.subarray(position, position + length)
  const reader = new RecordReader(read, file.length, { windowBytes })
  const chunks: Buffer[] = []
  for await (const chunk of readContentText(reader, records.length)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
