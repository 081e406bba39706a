import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import { QueueFileError, QueueStore } from './index.ts'

// Files written by Postfix 3.7.11, or made by hand and given to its queue manager.
const ID = 'QUEUEID'
// Postfix 3.7.11 has another text, and F-29 that of 3.12.
const TEXTS_OF_3_7: Record<string, string> = {
  'illegal length -1, record type 65': 'too many length bits, record type 65',
}
// Attributes with a property of their own.
const NOT_ATTRIBUTES = new Set(['create_time', 'encoding', 'notify_flags', 'dsn_orig_rcpt'])

type Vector = (typeof vectors)[number]

const { logger, lines } = memoryLogger()
let directory: string
let store: QueueStore

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'queue-files-'))
  store = await QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 0,
    clock: new VirtualClock(),
    log: logger,
  })
})
afterAll(() => rmSync(directory, { recursive: true }))

const corrupt = vectors.filter(({ queueManager }) => queueManager?.verdict === 'corrupt')
const accepted = vectors.filter(({ queueManager }) => queueManager?.verdict === 'removed')
const captured = vectors.filter(({ origin }) => origin === 'captured')

describe('QueueStore.readEnvelope and readContent', () => {
  it.each(captured)('F-49, F-50: reads $name, $description', async (vector) => {
    place(vector)
    const envelope = await store.readEnvelope(ID, 'active')
    expect(envelope).toMatchObject(expectedEnvelope(vector))
    expect(Object.fromEntries(envelope.attributes)).toEqual(expectedAttributes(vector))
    expect(await contentOf(envelope)).toEqual(expectedContent(vector))
    expect(lines).toEqual([])
  })

  it.each(accepted)('F-51: accepts $name, $description', async (vector) => {
    place(vector)
    const envelope = await store.readEnvelope(ID, 'active')
    expect(envelope.sender).toBe(vector.decoded.sender)
    expect(lines).toEqual(expectedWarnings(vector))
    if (vector.name === 'corrupt-unknown-type-content') {
      await expect(contentOf(envelope)).rejects.toMatchObject({ code: 'corrupt' })
    } else if (vector.name !== 'corrupt-early-end') {
      expect(await contentOf(envelope)).toEqual(expectedContent(vector))
    }
  })

  it.each(corrupt)('F-51, S-19: refuses $name, $description', async (vector) => {
    place(vector)
    const error = await store.readEnvelope(ID, 'active').catch((reason: unknown) => reason)
    if (!(error instanceof QueueFileError)) throw error
    expect(error.code).toBe('corrupt')
    expect(error.warnings.map((text) => `warning: ${text.replace(/[^ -~]/g, '?')}`)).toEqual(
      expectedWarnings(vector),
    )
    expect(error.warnings).toContain(error.message)
    expect(lines).toEqual([]) // The caller logs them, and says what becomes of the file.
  })
})

function place({ bytes, mode = '0700' }: Vector): void {
  lines.length = 0
  const path = join(directory, 'active', ID)
  rmSync(path, { force: true })
  writeFileSync(path, Buffer.from(bytes, 'base64'), { mode: Number.parseInt(mode, 8) })
}

async function contentOf(envelope: { contentOffset: number; dataSize: number }): Promise<object> {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of store.readContent(ID, 'active', envelope)) {
    hash.update(chunk)
    length += chunk.length
  }
  return { length, sha256: hash.digest('hex') }
}

function expectedContent({ messageLength, messageSha256 }: Vector): object {
  return { length: messageLength, sha256: messageSha256 }
}

function expectedEnvelope({ decoded }: Vector): object {
  const { arrival_time: time, size_record: size } = decoded
  const todo = decoded.recipients?.filter(({ status }) => status === 'todo') ?? []
  return {
    sender: decoded.sender,
    arrivalTimeMs: (time!.seconds * 1_000_000 + time!.microseconds) / 1000,
    createTimeMs: decoded.create_time! * 1000,
    contentOffset: size!.data_offset,
    dataSize: size!.data_size,
    contentLength: size!.content_length,
    recipientCount: size!.recipient_count,
    sendOptions: size!.sendopts,
    recipients: todo.map((recipient) => ({
      address: recipient.address,
      offset: recipient.offset,
      notify: recipient.notify_flags ?? 0,
      ...(recipient.original_recipient === null ? {} : { original: recipient.original_recipient }),
      ...(recipient.dsn_orig_rcpt === null ? {} : { dsnOriginal: recipient.dsn_orig_rcpt }),
    })),
    ...(decoded.verp_delimiters ? { verpDelimiters: decoded.verp_delimiters } : {}),
    ...(decoded.content_filter ? { contentFilter: decoded.content_filter.at(-1)!.value } : {}),
    ...(decoded.redirect ? { redirect: decoded.redirect } : {}),
  }
}

function expectedAttributes({ decoded }: Vector): object {
  const all = { ...decoded.attributes, ...decoded.extracted_attributes }
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => !NOT_ATTRIBUTES.has(name) && value !== undefined),
  )
}

function expectedWarnings({ queueManager }: Vector): string[] {
  return queueManager!.log
    .filter((line) => line.includes('warning: ') && !line.includes('saving corrupt file'))
    .map((line) => line.replace(/^.*?(?=warning: )/, ''))
    .map((line) => {
      const old = Object.keys(TEXTS_OF_3_7).find((text) => line.endsWith(text))
      return old === undefined ? line : line.replace(old, TEXTS_OF_3_7[old]!)
    })
}
