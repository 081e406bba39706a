import { describe, expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import { RecordReader, type RecordReaderOptions, recordName } from './index.ts'

// A message that milters edited in every way, and what Postfix's postcat -o -v shows of it.
const EDITED = Buffer.from(vectors.find(({ name }) => name === 'milter-all-edits')!.bytes, 'base64')

describe('RecordReader.read', () => {
  it('F-49: follows pointers and skips padding', async () => {
    const found = await records({ start: 1202 })
    expect(found).toEqual(['1523 N', '1250 N', '1683 N', ...rows(1753, 10), '1295 X', '1314 E'])
  })

  it('F-88: shows pointers and padding on the way, where asked to', async () => {
    const found = await records({ start: 1202, marks: 'show', windowBytes: 7 })
    const jumps = ['1202 p', '1523 N', '1535 w', '1540 p', '1250 N', '1252 p', '1683 N']
    const end = ['2523 p', '1295 X', '1297 p', '1314 E']
    expect(found).toEqual([...jumps, ...rows(1753, 10), ...end])
  })

  it('F-88: raw takes the file as it lies there, pointers and end records included', async () => {
    const found = await records({ start: 1295, marks: 'raw' }, 4)
    expect(found).toEqual(['1295 X', '1297 p', '1314 E', '1316 N'])
  })
})

it('F-31: L is unfinished text in the content, and a filter in envelope and extracted part', () => {
  expect(recordName(0x4c, 'content')).toBe('unterminated_text')
  expect(recordName(0x4c, 'extracted')).toBe('content_filter')
  expect(recordName(0x4c)).toBe('content_filter')
  expect(recordName(0x3c)).toBe('dsn_return_flags')
  expect(recordName(0x78)).toBe('unknown_record_type')
})

async function records(options: RecordReaderOptions, count = 100): Promise<string[]> {
  const read = async (at: number, length: number) => EDITED.subarray(at, at + length)
  const reader = new RecordReader(read, EDITED.length, options)
  const found: string[] = []
  while (found.length < count) {
    const record = await reader.read()
    if (record === undefined) break
    found.push(`${record.offset} ${String.fromCharCode(record.type)}`)
    if (options.marks !== 'raw' && record.type === 0x45) break
  }
  return found
}

// Lines of a replacement body, 70 bytes each.
function rows(first: number, count: number): string[] {
  return Array.from({ length: count + 1 }, (_, row) => `${first + 70 * row} N`)
}
