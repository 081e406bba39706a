import { expect, it } from 'vitest'

import vectors from '../vectors/queue-files.json' with { type: 'json' }
import type { NewMessage, NewRecipient } from './index.ts'
import { RecordReader } from './index.ts'
import { MessageEncoder } from './message-encoder.ts'

// What Postfix wrote of a message, taken apart and written again by this package.

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

interface Parts {
  readonly createTimeMs: number
  readonly message: NewMessage
}

/** Edited in place (F-53, F-55), or room for it: these are read, and never written. */
const EDITS = new Set(['p', 'w', 'D', '/', 'K'])
/** As smtpd has it: `V` behind the attributes, which is for mail over SMTP. */
const OTHER_ORDER = new Set(['smtp-verp', 'smtp-verp-explicit'])

const captured = vectors.filter(({ origin }) => origin === 'captured')
const written: (readonly [name: string, file: Buffer, parts: Parts])[] = []
for (const { name, bytes } of captured) {
  const file = Buffer.from(bytes, 'base64')
  const records = await recordsOf(file).catch(() => []) // Edits leave what cannot be read so.
  const isEdited = records.some(([type]) => EDITS.has(type))
  if (records[0]?.[0] === 'C' && !isEdited && !OTHER_ORDER.has(name)) {
    written.push([name, file, partsOf(records, file)])
  }
}

it('has most of the files that Postfix wrote', () => {
  expect(written.length).toBeGreaterThan(50)
})

it.each(written)('F-46, F-47: %s is written as Postfix wrote it', (_, file, parts) => {
  const { message, createTimeMs } = parts
  const encoder = new MessageEncoder('QUEUEID', createTimeMs, message, '-=+')
  const { content } = message
  const { head, tail } = encoder.finish(message, content.length)
  expect(Buffer.concat([head, content, tail]).toString('latin1')).toBe(file.toString('latin1'))
})

async function recordsOf(file: Buffer): Promise<[type: string, text: string, at: number][]> {
  const read = async (at: number, length: number) => file.subarray(at, at + length)
  const reader = new RecordReader(read, file.length, { marks: 'raw' })
  const found: [string, string, number][] = []
  for (let record = await reader.read(); record; record = await reader.read()) {
    found.push([String.fromCharCode(record.type), record.data.toString(), record.offset])
  }
  return found
}

function partsOf(records: readonly [string, string, number][], file: Buffer): Parts {
  const message: Writable<NewMessage> & { attributes: [string, string][] } = {
    arrivalTimeMs: 0,
    sender: '',
    attributes: [],
    recipients: [],
    content: Buffer.alloc(0),
  }
  const leading: [string, string][] = []
  const groups: { envelope: NewRecipient[]; late: NewRecipient[]; extra: NewRecipient[] } = {
    envelope: [],
    late: [],
    extra: [],
  }
  let group: Writable<Partial<NewRecipient>> = {}
  let createTimeMs = 0
  let contentAt = 0
  let hasSender = false
  for (const [type, text, at] of records) {
    const isExtracted = message.content.length > 0
    if (type === 'M') contentAt = at + 2
    else if (type === 'X') message.content = file.subarray(contentAt, at)
    else if (contentAt > 0 && !isExtracted) continue
    else if (type === 'T') {
      const [seconds, microseconds] = text.split(' ').map(Number)
      message.arrivalTimeMs = seconds! * 1000 + microseconds! / 1000
    } else if (type === 'S') {
      message.sender = text
      hasSender = true
    } else if (type === 'F') message.fullName = text
    else if (type === 'L') message[isExtracted ? 'filter' : 'contentFilter'] = text
    else if (type === '>') message.redirect = text
    else if (type === 'V') message.verpDelimiters = text
    else if (type === 'W') message.warningTimeMs = Number(text) * 1000
    else if (type === 'A') {
      const [name = '', value = ''] = /^(.*?)=(.*)$/s.exec(text)?.slice(1) ?? []
      if (name === 'create_time') createTimeMs = Number(value) * 1000
      else if (name === 'notify_flags') group.notify = Number(value)
      else if (name === 'dsn_orig_rcpt') group.dsnOriginal = value
      else if (isExtracted && name === 'encoding') message.encoding = value as '7bit' | '8bit'
      else (hasSender ? message.attributes : leading).push([name, value])
    } else if (type === 'O') group.original = text
    else if (type === 'R') {
      const recipient = { original: '', ...group, address: text }
      // Automatic copies come last, and have none.
      const place = isExtracted ? (group.dsnOriginal ? 'late' : 'extra') : 'envelope'
      groups[place].push(recipient)
      group = {}
    }
  }
  const sizes = records[0]![1].trim().split(/ +/).map(Number)
  const asked = sizes[3]! >> 1
  return {
    createTimeMs,
    message: {
      ...message,
      leadingAttributes: leading,
      recipients: groups.envelope.map((recipient) => ({ ...recipient, notifyAsked: asked })),
      lateRecipients: groups.late,
      extraRecipients: groups.extra,
      sendOptions: sizes[5]!,
    },
  }
}
