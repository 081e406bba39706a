import { describe, expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import { readEnvelopeRecords } from './envelope-reader.ts'
import type { EnvelopeRecipient, MessageEnvelope, RecipientBatch } from './index.ts'
import { readRecipientRecords } from './recipient-reader.ts'
import { writeHeader } from './record.ts'
import { RecordReader } from './record-reader.ts'
import { formatSizeRecord } from './size-record.ts'

const HEAD = ['T1795190073 824134', 'Ss@x']
const CONTENT = 'N\x05hello'
const PURE = 0
const MIXED = 1

describe('recipients in batches', () => {
  const intact = vectors.filter(({ name }) => !name.startsWith('corrupt'))

  it.each(intact.map(({ name, bytes }) => [name, bytes] as const))(
    'S-18: any limit gives the recipients of %s, and the same of all else',
    async (_, base64) => {
      const bytes = Buffer.from(base64, 'base64')
      const whole = await readWhole(bytes)
      for (const limit of [1, 2, 3]) {
        const { recipients, first } = await readInBatches(bytes, limit)
        expect(recipients).toEqual(whole.recipients)
        const { unread: _, ...rest } = first
        expect(rest).toEqual({ ...whole, recipients: whole.recipients.slice(0, limit) })
      }
    },
  )

  it('S-18: more than 5000 recipients in the extracted segment survive', async () => {
    const many = Array.from({ length: 12_000 }, (_, at) => `R${at}@example.com`)
    const bytes = file(HEAD, ['Aencoding=8bit', ...many], { flags: PURE, count: 12_000 })
    const { recipients, first, unread, warnings } = await readInBatches(bytes, 5000)
    expect(recipients.map(({ address }) => `R${address}`)).toEqual(many)
    expect(first.encoding).toBe('8bit')
    expect(unread).toEqual([7000, 2000, undefined])
    expect(warnings).toEqual([])
  })

  it('S-18: what the extracted segment says is known before all recipients were read', async () => {
    const envelope = [...HEAD, 'R1@x', 'R2@x', 'R3@x']
    const bytes = file(envelope, ['Lscan:x', 'Aencoding=7bit', 'R4@x'], { flags: PURE, count: 4 })
    const { recipients, first } = await readInBatches(bytes, 1)
    expect(first).toMatchObject({ contentFilter: 'scan:x', encoding: '7bit' })
    expect(first.unread?.atMost).toBe(3)
    expect(recipients.map(({ address }) => address)).toEqual(['1@x', '2@x', '3@x', '4@x'])
  })

  it('S-18: records that are mixed with recipients are all seen at first', async () => {
    const envelope = [...HEAD, 'R1@x', 'R2@x', '>all@x', 'R3@x']
    const bytes = file(envelope, ['R4@x', 'Lscan:x'], { flags: MIXED, count: 4 })
    const { recipients, first } = await readInBatches(bytes, 1)
    expect(first).toMatchObject({ contentFilter: 'scan:x', redirect: 'all@x' })
    expect(recipients).toHaveLength(4)
  })

  it('S-61: those that are done meanwhile are passed, and count for what is left', async () => {
    const envelope = [...HEAD, 'R1@x', 'D2@x', '/3@x', 'Anotify_flags=4', 'O4', 'R4@x', 'D5@x']
    const bytes = file(envelope, [], { flags: PURE, count: 5 })
    const first = await readEnvelope(bytes, 1, [])
    expect(first.unread).toEqual({ atMost: 2, behind: expect.any(Number) })
    bytes.write('D', first.recipients[0]!.offset)
    const warnings: string[] = []
    const second = await readMore(bytes, first, first.unread!, 1, warnings)
    expect(second.recipients).toMatchObject([{ address: '4@x', original: '4', notify: 4 }])
    expect(second.unread).toBeUndefined()
    expect(warnings).toEqual([])
  })

  it.each([
    [9, [7, 5, undefined], ['QUEUEID: rcpt count mismatch (4)']],
    [2, [1, 1, undefined], []],
  ])('S-19: a count of %i for five recipients does no harm', async (count, left, told) => {
    const many = Array.from({ length: 5 }, (_, at) => `R${at}@x`)
    const bytes = file([...HEAD, ...many], [], { flags: PURE, count })
    const { recipients, unread, warnings } = await readInBatches(bytes, 2)
    expect(recipients).toHaveLength(5)
    expect(unread).toEqual(left)
    expect(warnings).toEqual(told)
  })

  it('S-19: a file that is cut behind the first batch is corrupt', async () => {
    const many = Array.from({ length: 5 }, (_, at) => `R${at}@x`)
    const bytes = file(HEAD, many, { flags: PURE, count: 5 })
    const first = await readEnvelope(bytes, 2, [])
    const cut = bytes.subarray(0, first.unread!.behind + 5)
    await expect(readMore(cut, first, first.unread!, 9, [])).rejects.toMatchObject({
      code: 'corrupt',
      warnings: ['QUEUEID: message rejected: missing end record'],
    })
  })
})

async function readWhole(bytes: Buffer): Promise<MessageEnvelope> {
  return await readEnvelope(bytes, Number.POSITIVE_INFINITY, [])
}

async function readInBatches(bytes: Buffer, limit: number) {
  const warnings: string[] = []
  const first = await readEnvelope(bytes, limit, warnings)
  const recipients: EnvelopeRecipient[] = [...first.recipients]
  const unread: (number | undefined)[] = [first.unread?.atMost]
  for (let batch: RecipientBatch = first; batch.unread !== undefined; ) {
    batch = await readMore(bytes, first, batch.unread, limit, warnings)
    expect(batch.recipients.length).toBeLessThanOrEqual(limit)
    recipients.push(...batch.recipients)
    unread.push(batch.unread?.atMost)
  }
  return { first, recipients, unread, warnings }
}

function readEnvelope(bytes: Buffer, limit: number, warnings: string[]) {
  return readEnvelopeRecords(readerOf(bytes, 0), {
    id: 'QUEUEID',
    relativePath: 'active/QUEUEID',
    mode: 0o700,
    limit,
    verpDelimiterFilter: '-=+',
    warn: (text) => warnings.push(text),
  })
}

function readMore(
  bytes: Buffer,
  content: MessageEnvelope,
  unread: NonNullable<RecipientBatch['unread']>,
  limit: number,
  warnings: string[],
): Promise<RecipientBatch> {
  return readRecipientRecords(readerOf(bytes, unread.behind), {
    id: 'QUEUEID',
    relativePath: 'active/QUEUEID',
    content,
    unread,
    limit,
    warn: (text) => warnings.push(text),
  })
}

function readerOf(bytes: Buffer, start: number): RecordReader {
  const read = async (position: number, length: number) =>
    bytes.subarray(position, position + length)
  return new RecordReader(read, bytes.length, { start, windowBytes: 64 })
}

function file(
  envelope: string[],
  extracted: string[],
  { flags, count: recipientCount }: { flags: number; count: number },
): Buffer {
  const before = records([...envelope, 'M'])
  const sizes = { dataSize: CONTENT.length, contentLength: CONTENT.length, sendOptions: 0 }
  const contentOffset = 97 + before.length
  const size = formatSizeRecord({ ...sizes, contentOffset, recipientCount, flags })
  const after = records(['X', ...extracted, 'E'])
  return Buffer.concat([records([`C${size}`]), before, Buffer.from(CONTENT), after])
}

function records(texts: string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const header = Buffer.alloc(5)
      const payload = Buffer.from(text.slice(1))
      const end = writeHeader(header, 0, text.charCodeAt(0), payload.length)
      return Buffer.concat([header.subarray(0, end), payload])
    }),
  )
}
