import { encodeNetstring } from '@posthouse/netstring'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import verpVectors from '../vectors/verp.json' with { type: 'json' }
import wireVectors from '../vectors/wire.json' with { type: 'json' }
import { type QmqpRequestEnd, type QmqpRequestLimits, QmqpRequestReader } from './index.ts'
import { encodeReply } from './reply.ts'

const LIMITS: QmqpRequestLimits = {
  messageSizeLimit: 10_240_000,
  lineLengthLimit: 2048,
  verpDelimiterFilter: '-=+',
}
const M = '18:Subject: hi\n\nbody\n,'
const S = '13:s@example.org,'
const R = '13:r@example.net,'
const REQUEST = `56:${M}${S}${R},`
const COMPLETE = {
  kind: 'complete',
  request: {
    content: Buffer.from('Subject: hi\n\nbody\n'),
    sender: 's@example.org',
    recipients: ['r@example.net'],
  },
}

describe('QmqpRequestReader, recorded requests', () => {
  it.each(wireVectors.cases)('$id: $title', ({ config, steps, reply, log }) => {
    const end = replay(config, steps)
    if (reply.connection_end !== 'client-closed') expect(replyTo(end, config)).toBe(reply.text)
    const isComplete = end?.kind === 'complete'
    if (end?.kind === 'aborted' && !log[0]?.includes('unknown[unknown]')) {
      expect(log).toContain(`<QID>: localhost[127.0.0.1]: ${end.what} while ${end.where}`)
    } else {
      expect(log.some((line) => line.includes(' while receiving '))).toBe(false)
    }
    if (reply.text.includes(':K')) expect(isComplete).toBe(true)
  })

  it.each(wireVectors.cases)('Q-107, byte by byte: $id', ({ config, steps }) => {
    expect(replay(config, steps, 1)).toEqual(replay(config, steps))
  })

  it.each(verpVectors.cases)('Q-321, $id: $sender', (vector) => {
    const verpDelimiterFilter = vector.config.split('verp_delimiter_filter=')[1] ?? '-=+'
    const sender = encodeNetstring(Buffer.from(vector.sender, 'latin1')).toString('latin1')
    const end = read(`0:${M}${sender}${R},`, { ...LIMITS, verpDelimiterFilter })
    if (vector.reply !== undefined) {
      expect(replyTo(end, vector.config)).toBe(vector.reply)
    } else {
      expect(end).toMatchObject({ kind: 'complete', request: { sender: vector.stored } })
      const { verpDelimiters } = (end?.kind === 'complete' && end.request) || {}
      expect(verpDelimiters).toBe(vector.delimiters)
    }
  })
})

describe('QmqpRequestReader', () => {
  it('T-01: reads a request', () => {
    expect(read(REQUEST)).toEqual(COMPLETE)
  })

  it('T-03, Q-107: reads it cut at every position', () => {
    for (let at = 0; at <= REQUEST.length; at++) {
      const reader = new QmqpRequestReader(LIMITS)
      const first = reader.push(Buffer.from(REQUEST.slice(0, at)))
      const second = reader.push(Buffer.from(REQUEST.slice(at)))
      expect(first ?? second, `cut at ${at}`).toEqual(COMPLETE)
      expect(first === undefined, `cut at ${at}`).toBe(at < REQUEST.length)
    }
  })

  it('copies no content when it comes in one chunk', () => {
    const chunk = Buffer.from(REQUEST)
    const end = new QmqpRequestReader(LIMITS).push(chunk)
    expect(end?.kind === 'complete' && end.request.content.buffer).toBe(chunk.buffer)
  })

  it('takes plain Uint8Array chunks and gives a Buffer', () => {
    const end = new QmqpRequestReader(LIMITS).push(new Uint8Array(Buffer.from(REQUEST)))
    expect(end).toEqual(COMPLETE)
    expect(end?.kind === 'complete' && Buffer.isBuffer(end.request.content)).toBe(true)
  })

  it.each([
    ['T-02, T-04: outer length with leading zeros', `00056:${M}${S}${R},`],
    ['T-05: no outer length', `:${M}${S}${R},`],
    ['T-06: outer length too small', `1:${M}${S}${R},`],
    ['T-06: outer length too large', `999:${M}${S}${R},`],
    ['T-07: outer length 2^63-1', `9223372036854775807:${M}${S}${R},`],
    ['T-09: a thousand leading zeros', `${'0'.repeat(1000)}${REQUEST}`],
  ])('Q-204, %s', (_, wire) => {
    expect(read(wire)).toEqual(COMPLETE)
  })

  it('T-08: outer length 2^63 is over the limit', () => {
    expect(failure('9223372036854775808')).toBe(
      'netstring length exceeds storage limit while receiving QMQP packet header',
    )
  })

  it.each(['x', '-1:', ' 5:', '+5:', '\n'])('T-10: %j is no outer length', (wire) => {
    expect(failure(wire)).toBe('netstring format error while receiving QMQP packet header')
  })

  it.each([
    ['T-11: another byte for the comma', `56:${M.slice(0, -1)};`],
    ['T-12: length one too small', `56:17${M.slice(2)}`],
    ['T-12: length one too large', `56:19${M.slice(2)}${S}`],
    ['T-35: hexadecimal digit', '61:1a:'],
    ['T-35: blank', '61:18 :'],
    ['T-35: Arabic digit', '61:\u0661'],
  ])('%s', (_, wire) => {
    expect(failure(wire)).toBe('netstring format error while receiving message content')
  })

  it.each([
    ['T-16', 2001, undefined],
    ['T-17', 2000, 'more'],
  ])('%s: message length %i with message_size_limit 2000', (_, length, outcome) => {
    const end = read(`3000:${length}:`, { ...LIMITS, messageSizeLimit: 2000 })
    expect(end === undefined ? 'more' : undefined).toBe(outcome)
  })

  it.each([0, -1])('Q-345: message_size_limit %i is none', (messageSizeLimit) => {
    const content = encodeNetstring(Buffer.alloc(100_000, 'a\n')).toString()
    const end = read(`0:${content}${S}${R.repeat(10)},`, { ...LIMITS, messageSizeLimit })
    expect(end?.kind).toBe('complete')
  })

  it.each([
    ['T-18', `0:${M}2049:`, 'sender address'],
    ['T-19', `0:${M}${S}${R}2049:`, 'recipient address'],
  ])('%s: line_length_limit holds for addresses', (_, wire, where) => {
    expect(failure(wire)).toBe(`netstring length exceeds storage limit while receiving ${where}`)
    expect(read(wire.replace('2049', '2048'))).toBe(undefined)
  })

  it.each([
    ['T-20', `0:${M}a`, 'sender address'],
    ['T-20', `0:${M}${S}a`, 'recipient address'],
    ['T-22', `0:${M}${S}${R};`, 'recipient address'],
    ['T-22', `0:${M}${S}${R}\n`, 'recipient address'],
    ['T-25', `0:${M}\n${S}`, 'sender address'],
    ['a comma with digits in front', `0:${M}${S}0,`, 'recipient address'],
  ])('%s: %j is a format error', (_, wire, where) => {
    expect(failure(wire)).toBe(`netstring format error while receiving ${where}`)
  })

  it.each([
    [
      'T-13: at the comma of the message, answered',
      `56:${M.slice(0, -1)}`,
      'netstring format error while receiving message content',
    ],
    ['T-14: in the message', '61:18:Subje', undefined],
    ['T-15: before the first byte', '', undefined],
    ['T-21: before the outer comma', `56:${M}${S}${R}`, undefined],
  ])('T-13 to T-21, end of file %s', (_, wire, answer) => {
    const reader = new QmqpRequestReader(LIMITS)
    expect(reader.push(Buffer.from(wire))).toBe(undefined)
    const end = reader.end()
    expect(end.kind).toBe('aborted')
    expect(answerOf(end)).toBe(answer)
  })

  it('T-23, Q-205: ignores what follows, and counts it', () => {
    const reader = new QmqpRequestReader(LIMITS)
    const end = reader.push(Buffer.from(`${REQUEST}garbage`))
    expect(end).toEqual(COMPLETE)
    expect(reader.surplus).toBe(7)
    expect(reader.push(Buffer.from(REQUEST))).toBe(end)
    expect(reader.surplus).toBe(7 + REQUEST.length)
    expect(reader.end()).toBe(end)
    expect(reader.timeout()).toBe(end)
  })

  it('T-24: zero recipients are a request too', () => {
    expect(read(`39:${M}${S},`)).toMatchObject({ kind: 'complete', request: { recipients: [] } })
  })

  it('T-26: empty message, null sender, empty recipient', () => {
    expect(read('0::,:,:,0:,,')).toEqual({
      kind: 'complete',
      request: { content: Buffer.alloc(0), sender: '', recipients: ['', ''] },
    })
  })

  it.each([
    ['', 'read/write timeout while receiving QMQP packet header'],
    ['61', 'read/write timeout while receiving QMQP packet header'],
    ['61:', 'read/write timeout while receiving message content'],
    [`61:${M.slice(0, 5)}`, 'read/write timeout while receiving message content'],
    [`61:${M.slice(0, -1)}`, 'netstring format error while receiving message content'],
    [`61:${M}`, 'read/write timeout while receiving sender address'],
    [`61:${M}${S}`, 'read/write timeout while receiving recipient address'],
    [`61:${M}${S}${R}`, 'read/write timeout while receiving recipient address'],
  ])('T-30, T-31: silence after %j is never answered', (wire, what) => {
    const reader = new QmqpRequestReader(LIMITS)
    reader.push(Buffer.from(wire))
    const end = reader.timeout()
    expect(answerOf(end)).toBe(undefined)
    expect(end.kind === 'aborted' && `${end.what} while ${end.where}`).toBe(what)
  })

  it('Q-320, Q-325: cuts addresses at the first NUL', () => {
    const end = read(`0:${M}10:us\0er\0@x.y,9:us\0er@x.y,5:\0a@b.,,`)
    expect(end).toMatchObject({ request: { sender: 'us', recipients: ['us', ''] } })
  })

  it('Q-320, Q-321: cuts at NUL before it looks for VERP (env-s62)', () => {
    const end = read(`0:${M}22:list-\0@example.org-@[],${R},`)
    expect(end).toMatchObject({ kind: 'complete', request: { sender: 'list-' } })
  })

  it('Q-325: the VERP form means nothing in recipients (env-r31)', () => {
    const end = read(`0:${M}${S}21:list-@example.org-@[],,`)
    expect(end).toMatchObject({ request: { recipients: ['list-@example.org-@[]'] } })
  })

  it('Q-322: an unsuitable delimiter refuses the request at its end, before all else', () => {
    const start = `0:${M}26:list-owner@example.org-@[],`
    expect(read(start)).toBe(undefined)
    expect(read(`${start},`)).toEqual({
      kind: 'refused',
      text: 'Error: Invalid VERP delimiters: "r=". Need two characters from "-=+"',
    })
  })

  it('keeps bytes of addresses that are no UTF-8', () => {
    const end = read(Buffer.from(`0:${M}3:\xe9@x,${R},`, 'latin1'))
    expect(end).toMatchObject({ request: { sender: '\udce9@x' } })
  })

  it('Q-303: drops recipients that no queue file has room for, and refuses at the end', () => {
    const limits = { ...LIMITS, messageSizeLimit: 1000 }
    const start = `0:${M}${S}${R.repeat(66)}`
    expect(read(`${start},`, limits)?.kind).toBe('complete')
    expect(read(`${start}${R}`, limits)).toBe(undefined)
    expect(read(`${start}${R.repeat(1000)},`, limits)).toEqual({
      kind: 'refused',
      text: 'Error: message too large',
    })
  })
})

describe('QmqpRequestReader, properties', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.stringMatching(/^[0-9:,a@\-[\]]{0,60}$/).map((text) => Buffer.from(text)),
    fc.tuple(fc.nat({ max: REQUEST.length }), fc.string({ maxLength: 3 })).map(([at, text]) => {
      return Buffer.from(REQUEST.slice(0, at) + text + REQUEST.slice(at + text.length))
    }),
  )
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 })

  it('Q-107: any bytes, cut anywhere, end in the same way and throw nothing', () => {
    fc.assert(
      fc.property(bytes, cuts, (wire, sizes) => {
        expect(readCut(wire, sizes)).toEqual(readCut(wire, []))
      }),
      { numRuns: 200 },
    )
  })

  it('reads back any message', () => {
    const address = fc.string({ maxLength: 20, unit: 'grapheme' }).filter((text) => {
      return !text.includes('\0') && !text.endsWith('-@[]') && text.isWellFormed()
    })
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        address,
        fc.array(address),
        cuts,
        (content, sender, recipients, sizes) => {
          const parts = [
            content,
            Buffer.from(sender),
            ...recipients.map((text) => Buffer.from(text)),
          ]
          const wire = encodeNetstring(Buffer.concat(parts.map(encodeNetstring)))
          expect(readCut(wire, sizes)).toEqual({
            kind: 'complete',
            request: { content: Buffer.from(content), sender, recipients },
          })
        },
      ),
    )
  })
})

interface Step {
  readonly op: string
  readonly hex?: string
}

function replay(config: string, steps: readonly Step[], size?: number): QmqpRequestEnd | undefined {
  const messageSizeLimit = Number(/message_size_limit=(\d+)/.exec(config)?.[1] ?? 10_240_000)
  const reader = new QmqpRequestReader({ ...LIMITS, messageSizeLimit })
  let end: QmqpRequestEnd | undefined
  for (const { op, hex } of steps) {
    if (hex === undefined) {
      if (op !== 'sleep') end = reader.end()
      continue
    }
    const bytes = Buffer.from(hex, 'hex')
    for (let at = 0; at < bytes.length; at += size ?? bytes.length) {
      end = reader.push(bytes.subarray(at, at + (size ?? bytes.length)))
    }
  }
  return end ?? reader.timeout()
}

/** The reply that the recorded server gave to such an end, with its queue id masked. */
function replyTo(end: QmqpRequestEnd | undefined, config: string): string {
  if (end?.kind === 'complete' && end.request.recipients.length > 0) {
    return '<LEN>:KOk: queued as <QID>,'
  }
  const text = end?.kind === 'complete' ? 'Error: no recipients specified' : end && answerOf(end)
  if (text === undefined) return ''
  return encodeReply({ kind: 'permanent', text }, config.includes('soft_bounce=yes')).toString()
}

function answerOf(end: QmqpRequestEnd): string | undefined {
  if (end.kind === 'refused') return end.text
  return end.kind === 'aborted' && end.answered ? `${end.what} while ${end.where}` : undefined
}

function read(wire: string | Buffer, limits = LIMITS): QmqpRequestEnd | undefined {
  return new QmqpRequestReader(limits).push(Buffer.from(wire))
}

function failure(wire: string): string | undefined {
  const end = read(wire)
  return end && answerOf(end)
}

function readCut(wire: Uint8Array, sizes: readonly number[]): QmqpRequestEnd {
  const reader = new QmqpRequestReader(LIMITS)
  let at = 0
  for (const size of [...sizes, wire.length]) {
    reader.push(wire.subarray(at, at + size))
    at += size
  }
  return reader.end()
}
