import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import {
  ContentWriter,
  type MessageEnvelope,
  type NewMessage,
  type NewRecipient,
  nodeFileSystem,
  QueueStore,
} from './index.ts'
import { MessageEncoder } from './message-encoder.ts'

const RUNS = { numRuns: 100 }

let directory: string
let store: QueueStore
const log = memoryLogger()

beforeAll(async () => {
  directory = fs.mkdtempSync(join(tmpdir(), 'message-encoder-'))
  store = await QueueStore.open({
    directory,
    hashQueueNames: ['incoming'],
    hashQueueDepth: 1,
    longQueueIds: true,
    contentCacheBytes: 0,
    clock: systemClock,
    log: log.logger,
    // Hundreds of messages: too many to wait for the disk.
    fileSystem: { ...nodeFileSystem(systemClock.now), fsync: async () => undefined },
  })
})
afterAll(() => fs.rmSync(directory, { recursive: true }))

describe('MessageEncoder', () => {
  it('F-46, Q-902: makes the bytes that Postfix made of a message by QMQP', () => {
    const vector = vectors.find(({ name }) => name === 'qmqp-verp')!
    const file = Buffer.from(vector.bytes, 'base64')
    const content = file.subarray(489, 819)
    const attributes = Object.entries(vector.decoded.attributes!).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    const encoder = new MessageEncoder(
      '4A23721AD29',
      1_795_190_416_999,
      {
        arrivalTimeMs: 1_795_190_416_303.331,
        sender: 'list@example.org',
        verpDelimiters: '-=',
        attributes,
        recipients: [
          {
            address: 'a@hold.example',
            original: 'a@hold.example',
            dsnOriginal: 'rfc822;a@hold.example',
          },
        ],
      },
      '-=+',
    )
    const { head, tail } = encoder.finish({ content }, content.length)
    expect(Buffer.concat([head, content, tail])).toEqual(file)
  })

  it('F-33, F-37, F-46, F-47: writes every record in its place', async () => {
    const draft = await store.create()
    const writer = new ContentWriter(2048, 0)
    writer.text(Buffer.from('Subject: x\n\nbody\n'))
    await draft.commit({
      arrivalTimeMs: 1_795_190_416_045.741,
      sender: 'sender@example.org',
      contentFilter: 'scan:[127.0.0.1]:10025',
      verpDelimiters: '+=',
      warningTimeMs: 1_795_204_816_999,
      attributes: [['log_client_name', 'localhost']],
      recipients: [
        { address: 'a@x', original: 'alias@x', dsnOriginal: 'rfc822;alias@x', notify: 6 },
        { address: 'b@x', original: 'b@x', notify: 8 },
      ],
      content: writer.finish(),
      filter: 'smtp:[filter]',
      redirect: 'all@x',
      messageId: '<1@x>',
      encoding: '8bit',
      sendOptions: 7,
      extraRecipients: [{ address: 'bcc@x', original: 'bcc@x', notify: 1 }],
    })
    const file = fs.readFileSync(join(directory, 'incoming', hashOf(draft.id), draft.id), 'latin1')
    const seconds = Math.floor(draft.createTimeMs / 1000)
    expect(file).toBe(
      [
        'C_             20             319               3              28              20               7',
        'T\x101795190416 45741',
        `A\x16create_time=${seconds}`,
        'L\x16scan:[127.0.0.1]:10025',
        'S\x12sender@example.org',
        'V\x02+=',
        'A\x19log_client_name=localhost',
        'W\x0f     1795204816',
        'A\x0enotify_flags=6',
        'A\x1cdsn_orig_rcpt=rfc822;alias@x',
        'O\x07alias@x',
        'R\x03a@x',
        'A\x0enotify_flags=8',
        'O\x03b@x',
        'R\x03b@x',
        'M\0',
        'N\x0aSubject: x',
        'N\0',
        'N\x04body',
        'X\0',
        'L\x0dsmtp:[filter]',
        '>\x05all@x',
        'A\x10message_id=<1@x>',
        'A\x0dencoding=8bit',
        'A\x0enotify_flags=1',
        'O\x05bcc@x',
        'R\x05bcc@x',
        'E\0',
      ].join(''),
    )
  })
})

// Whatever the text: any units, lone surrogates as decodeAddress makes them, NUL, blanks, length.
const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.emailAddress() },
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    ' a ',
    '\ta=b\n',
    'é@ü.example',
    '\udcc3\udca9',
    '\udcff@x',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.integer({ min: 100, max: 135 }).map((length) => 'x'.repeat(length)),
  fc.constant('ü'.repeat(9000)),
)
const recipient: fc.Arbitrary<NewRecipient> = fc.record(
  {
    address: anyText,
    original: anyText,
    dsnOriginal: anyText,
    notify: fc.constantFrom(0, 1, 2, 4, 6, 8, 14),
  },
  { requiredKeys: ['address', 'original'] },
)
const attributeName = fc.constantFrom('log_client_name', 'envelope_id', 'sasl_username', 'encoding')
const otherName = fc.constantFrom('trace_flags', 'client_name', 'my_own', 'log_ident', 'ret_flags')
const timeMs = fc.double({ min: 0, max: 4e12, noNaN: true })
const optionalText = fc.option(anyText, { nil: undefined })
const messages = fc
  .record({
    arrivalTimeMs: timeMs,
    sender: anyText,
    contentFilter: optionalText,
    verpDelimiters: fc.constantFrom(undefined, '', '+=', '-=', '??', '+', '\0='),
    warningTimeMs: fc.option(timeMs, { nil: undefined }),
    fullName: optionalText,
    leadingAttributes: fc.option(fc.array(fc.tuple(attributeName, anyText)), { nil: undefined }),
    attributes: fc.array(fc.tuple(fc.oneof(attributeName, otherName), anyText)),
    recipients: fc.array(recipient),
    encoding: fc.constantFrom(undefined, '7bit' as const, '8bit' as const),
    messageId: optionalText,
    sendOptions: fc.constantFrom(undefined, 0, 7, 63),
    filter: optionalText,
    redirect: optionalText,
    lateRecipients: fc.option(fc.array(recipient), { nil: undefined }),
    extraRecipients: fc.option(fc.array(recipient), { nil: undefined }),
  })
  .map((message) => Object.fromEntries(Object.entries(message).filter(([, v]) => v !== undefined)))
const lineOf = (max: number) => fc.uint8Array({ maxLength: max }).map(withoutLf)
const contentLines = fc.array(
  fc.oneof(lineOf(20), lineOf(300), fc.constant(Buffer.alloc(20_000))),
  {
    minLength: 1,
  },
)

describe('QueueFileDraft.commit', () => {
  it('returns the envelope that readEnvelope reads, whatever the message', async () => {
    await fc.assert(
      fc.asyncProperty(messages, contentLines, async (parts, lines) => {
        log.lines.length = 0
        const { id, written, text } = await commit(parts, lines)
        expect(await store.readEnvelope(id, 'incoming')).toEqual(written)
        const chunks: Uint8Array[] = []
        for await (const chunk of store.readContent(id, 'incoming', written)) chunks.push(chunk)
        expect(Buffer.concat(chunks)).toEqual(text)
        await store.remove(id, 'incoming')
      }),
      RUNS,
    )
  })

  it('reads without a warning what has no fault', async () => {
    log.lines.length = 0
    const { id, written } = await commit(
      {
        arrivalTimeMs: 1_795_190_416_045.741,
        sender: '',
        attributes: [],
        recipients: [{ address: 'ü@x', original: 'ü@x', notify: 14 }],
      },
      [Buffer.from('x')],
    )
    expect(written.arrivalTimeMs).toBe(1_795_190_416_045.741)
    expect(await store.readEnvelope(id, 'incoming')).toEqual(written)
    expect(log.lines).toEqual([])
  })
})

async function commit(
  parts: object,
  lines: readonly Uint8Array[],
): Promise<{ id: string; written: MessageEnvelope; text: Buffer }> {
  const writer = new ContentWriter(2048, 0)
  for (const line of lines) writer.line(line)
  const draft = await store.create()
  const message = { ...parts, content: writer.finish() } as NewMessage
  const text = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
  return { id: draft.id, written: await draft.commit(message), text }
}

function withoutLf(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0x0a ? 0 : byte))
}

function hashOf(id: string): string {
  return fs
    .readdirSync(join(directory, 'incoming'))
    .find((name) => fs.existsSync(join(directory, 'incoming', name, id)))!
}
