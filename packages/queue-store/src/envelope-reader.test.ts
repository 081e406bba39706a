import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import { readEnvelopeRecords } from './envelope-reader.ts'
import type { MessageEnvelope } from './index.ts'
import { QueueFileError } from './index.ts'
import { writeHeader } from './record.ts'
import { BadRecordError, RecordReader } from './record-reader.ts'
import { column, formatSizeRecord } from './size-record.ts'

const TIME = 'T1795190073 824134'
const SENDER = 'Ss@x'
const RECIPIENT = 'Rr@x'

describe('readEnvelopeRecords', () => {
  it('F-51, S-19: refuses what the vectors do not have', async () => {
    const noEnd = 'QUEUEID: message rejected: missing end record'
    expect(await verdict('C')).toEqual([
      'active/QUEUEID: unexpected EOF reading length, record type 67',
      noEnd,
    ])
    expect(await verdict(file([TIME, SENDER, 'Anonsense', RECIPIENT]))).toEqual([
      "QUEUEID: bad attribute record: missing '=' after attribute name: nonsense",
      'QUEUEID: rcpt count mismatch (1)',
    ])
    expect(await verdict(file([TIME, SENDER, 'A =x', RECIPIENT]))).toContain(
      'QUEUEID: bad attribute record: missing attribute name:  =x',
    )
    const zeroOffset = formatSizeRecord({ ...SIZES, contentOffset: 0 })
    expect(await verdict(records([`C${zeroOffset}`, TIME]))).toEqual([
      `QUEUEID: invalid size record: ${zeroOffset}`,
      'QUEUEID: rcpt count mismatch (1)',
    ])
    const twice = file([TIME, SENDER, RECIPIENT], ['X'])
    expect((await verdict(twice))[0]).toMatch(/^Unexpected record type 'X' at offset \d+$/)
  })

  it('S-19: refuses a file without size record that ends well', async () => {
    expect(await verdict(records([TIME, SENDER, 'E']))).toEqual([
      'QUEUEID: message rejected: missing size record',
    ])
  })

  it.each([
    ['p            -97', 'malformed pointer record value: -97'],
    ['pxx', 'malformed pointer record value: xx'],
    [`p${column(116)}`, 'too many reverse jump records'],
  ])('F-49: refuses the pointer %j', async (pointer, text) => {
    const bytes = file([TIME, pointer, SENDER, RECIPIENT])
    expect(bytes[116]).toBe(0x70)
    const [first] = await verdict(bytes)
    expect(first).toBe(`active/QUEUEID: ${text}`)
  })

  it('F-51: accepts what means no harm', async () => {
    const { envelope, warnings } = await read(
      Buffer.concat([file([TIME, SENDER, 'Anever_seen=x', RECIPIENT]), Buffer.from('junk')]),
    )
    expect(envelope.recipients).toMatchObject([{ address: 'r@x' }])
    expect([...envelope.attributes]).toEqual([])
    expect(warnings).toEqual([])
  })

  it('F-29: accepts a length of more bytes than needed', async () => {
    const bytes = file([TIME, SENDER, RECIPIENT])
    const at = bytes.indexOf(SENDER.slice(1)) - 2
    const longer = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from('S\x83\x00', 'latin1'),
      bytes.subarray(at + 2),
    ])
    longer.write(formatSizeRecord({ ...SIZES, contentOffset: bytes.indexOf('M\0') + 3 }), 2)
    expect((await read(longer)).envelope.sender).toBe('s@x')
  })

  it('F-41: a group belongs to the next recipient, is dropped with a done one, newest counts', async () => {
    const { envelope, warnings } = await read(
      file(
        [
          ...[TIME, SENDER, 'Anotify_flags=4', 'Adsn_orig_rcpt=rfc822;d@x', 'Od@x', 'Dd@x'],
          ...['Oc@x', '/c@x', RECIPIENT],
          ...['Anotify_flags=2', 'Anotify_flags=8', 'Adsn_orig_rcpt=rfc822;1@x'],
          ...['Adsn_orig_rcpt=rfc822;2@x', 'O1@x', 'O2@x', 'R2@x', 'Olast@x'],
        ],
        ['Rextra@x'],
        5,
      ),
    )
    expect(envelope.recipients).toEqual([
      { address: 'r@x', notify: 0, offset: expect.any(Number) },
      {
        address: '2@x',
        original: '2@x',
        dsnOriginal: 'rfc822;2@x',
        notify: 8,
        offset: expect.any(Number),
      },
      { address: 'extra@x', notify: 0, offset: expect.any(Number) },
    ])
    expect(warnings).toEqual([
      'QUEUEID: ignoring out-of-order DSN notify flags <2>',
      'QUEUEID: ignoring out-of-order DSN original recipient <rfc822;1@x>',
      'QUEUEID: ignoring out-of-order original recipient <1@x>',
      'QUEUEID: ignoring out-of-order original recipient <last@x>',
    ])
  })

  it('F-36, F-39: of repeated records and attributes the first or the last counts', async () => {
    const { envelope, warnings } = await read(
      file(
        [
          ...[TIME, 'T1', 'Acreate_time=1795190074', 'Acreate_time=5', SENDER, 'Sother@x'],
          ...['Aret_flags=1', 'Aret_flags=2', 'Alog_client_name=a', 'Alog_client_name=b'],
          ...['Aclient_name = a ', 'Aclient_name=b', 'Asasl_username=a', 'Asasl_username=b'],
          ...['Aencoding=7bit', 'Lfirst:', RECIPIENT],
        ],
        ['Lscan:x', '>all@x', 'Aencoding=8bit', 'Amessage_id=<1@x>'],
      ),
    )
    expect(envelope).toMatchObject({
      arrivalTimeMs: 1_795_190_073_824.134,
      createTimeMs: 1_795_190_074_000,
      sender: 's@x',
      encoding: '8bit',
      contentFilter: 'scan:x',
      redirect: 'all@x',
    })
    expect(Object.fromEntries(envelope.attributes)).toEqual({
      ret_flags: '2',
      log_client_name: 'b',
      client_name: 'a',
      sasl_username: 'a',
      message_id: '<1@x>',
    })
    expect(warnings).toEqual(['QUEUEID: ignoring multiple sasl_username attribute: b'])
  })

  it('F-37: a delay warning that was sent is none to send', async () => {
    const sent = await read(file([TIME, SENDER, `W${column(-1)}`, RECIPIENT]))
    expect(sent.envelope.warningTimeMs).toBeUndefined()
    const due = await read(file([TIME, SENDER, `W${column(1_795_190_416)}`, RECIPIENT]))
    expect(due.envelope.warningTimeMs).toBe(1_795_190_416_000)
  })

  it('S-18: reads 6000 recipients in the extracted segment', async () => {
    const many = Array.from({ length: 6000 }, (_, at) => `R${at}@example.com`)
    const { envelope } = await read(file([TIME, SENDER], many, 6000))
    expect(envelope.recipients).toHaveLength(6000)
    expect(envelope.recipients[5999]!.address).toBe('5999@example.com')
  })

  it('keeps few of many warnings, and excerpts of their texts', async () => {
    const odd = Array.from({ length: 1000 }, () => `O${'x'.repeat(1000)}`)
    const { warnings } = await read(file([TIME, SENDER, ...odd, RECIPIENT]))
    expect(warnings.length).toBeLessThan(50)
    expect(warnings[0]!.length).toBeLessThan(200)
  })

  it('gives the same result whatever the size of its reads', async () => {
    const vector = vectors.find(({ name }) => name === 'milter-all-edits')!
    const bytes = Buffer.from(vector.bytes, 'base64')
    const whole = await read(bytes)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (windowBytes) => {
        expect(await read(bytes, windowBytes)).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  it('never fails but with its own error, however a file is damaged', async () => {
    const files = vectors
      .filter(({ origin }) => origin === 'synthetic')
      .map(({ bytes }) => Buffer.from(bytes, 'base64'))
    const damage = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), damage, async (intact, changes) => {
        const bytes = Buffer.from(intact)
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        const error = await read(bytes).catch((reason: unknown) => reason)
        if (error instanceof Error) expect(error).toBeInstanceOf(QueueFileError)
      }),
      { numRuns: 300 },
    )
  })
})

describe('RecordReader', () => {
  it.each([
    ['E\x81', 'unexpected EOF reading length, record type 69'],
    ['A\x05abc', 'unexpected EOF in data, record type 65 length 5'],
    ['A\x80\x80\x80\x80\x01', 'too many length bits, record type 65'],
    ['A\xff\xff\xff\x7f', 'unexpected EOF in data, record type 65 length 268435455'],
  ])('F-29, F-30: %j', async (text, message) => {
    const bytes = Buffer.from(text, 'latin1')
    const reader = new RecordReader(async () => bytes, bytes.length)
    expect(reader.next()).toBe('more')
    await reader.fill()
    expect(() => reader.next()).toThrow(new BadRecordError(true, message))
  })

  it('ends when the file is cut while it is read', async () => {
    const reader = new RecordReader(async () => Buffer.from('A\x05abc'), 1000)
    reader.next()
    await reader.fill()
    expect(reader.next()).toBe('more')
    await expect(reader.fill()).rejects.toThrow(BadRecordError)
  })
})

const CONTENT = 'N\x05hello'
const SIZES = {
  dataSize: CONTENT.length,
  contentOffset: 0,
  recipientCount: 1,
  flags: 0,
  contentLength: CONTENT.length,
  sendOptions: 0,
}

/** A file of these envelope and extracted records, each given as its type and its text. */
function file(envelope: string[], extracted: string[] = [], recipientCount = 1): Buffer {
  const before = records([...envelope, 'M'])
  const size = formatSizeRecord({ ...SIZES, contentOffset: 97 + before.length, recipientCount })
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

async function read(
  bytes: Buffer,
  windowBytes?: number,
): Promise<{ envelope: MessageEnvelope; warnings: string[] }> {
  const warnings: string[] = []
  const readBytes = async (position: number, length: number) =>
    bytes.subarray(position, position + length)
  const reader = new RecordReader(readBytes, bytes.length, { windowBytes })
  const envelope = await readEnvelopeRecords(reader, {
    id: 'QUEUEID',
    relativePath: 'active/QUEUEID',
    mode: 0o700,
    limit: Number.POSITIVE_INFINITY,
    verpDelimiterFilter: '-=+',
    warn: (text) => warnings.push(text),
  })
  return { envelope, warnings }
}

async function verdict(bytes: Buffer | string): Promise<readonly string[]> {
  const error = await read(Buffer.from(bytes)).catch((reason: unknown) => reason)
  if (!(error instanceof QueueFileError)) throw new Error('expected a verdict', { cause: error })
  expect(error.code).toBe('corrupt')
  return error.warnings
}
