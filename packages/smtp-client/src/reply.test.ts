import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ReplyReader, type SmtpReply } from './index.ts'

function setUp(limit = 2048) {
  const events: string[] = []
  const reader = new ReplyReader(limit, {
    tooLong: (text) => events.push(text),
    garbage: (line) => events.push(`garbage: ${line}`),
  })
  const push = (text: string | Buffer): SmtpReply[] => {
    reader.push(Buffer.from(text as string))
    const replies: SmtpReply[] = []
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      if (!(reply instanceof Promise)) replies.push(reply)
    }
    return replies
  }
  return { reader, events, push }
}

describe('ReplyReader', () => {
  it.each([
    ['250 ok', 250, '2.0.0'],
    ['250 2.6.0 ok', 250, '2.6.0'],
    ['250   2.6.0 ok', 250, '2.6.0'],
    ['550 5.1.1', 550, '5.1.1'],
    ['550 4.1.1 x', 550, '5.0.0'],
    ['550 5.1.1000 x', 550, '5.0.0'],
    ['550 5.1 x', 550, '5.0.0'],
    ['354 go', 354, '5.5.0'],
    ['220', 220, '2.0.0'],
    ['999 x', 999, '5.5.0'],
    ['250-2.1.0 a\r\n250 b', 250, '2.0.0'],
    ['250-first\r\n550 5.1.1 last', 550, '5.1.1'],
  ])('C-44, C-183: %j', (text, code, status) => {
    const { push, events } = setUp()
    expect(push(`${text}\r\n`)).toEqual([{ code, status, text: text.replace('\r\n', '\n') }])
    expect(events).toEqual([])
  })

  it('C-44: takes for a status what RFC 3463 calls one, of the class of the code', () => {
    const part = fc.constantFrom(' ', '.', '2', '4', '5', '10', '999', '1234', 'x')
    fc.assert(
      fc.property(fc.constantFrom('250', '451', '550'), fc.array(part), (code, parts) => {
        const line = `${code} ${parts.join('')}`
        const [, status] = /^... *([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(line) ?? []
        const expected = status?.[0] === code[0] ? status : `${code[0]}.0.0`
        expect(setUp().push(`${line}\r\n`)).toEqual([
          { code: Number(code), status: expected, text: line },
        ])
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['25 ok', '2500 ok', '250_ok', 'hello there', ''])(
    'C-42: %j is garbage, kept in the text of the reply after it',
    (line) => {
      const { push, events } = setUp()
      expect(push(`${line}\r\n250 ok\r\n`)).toEqual([
        { code: 250, status: '2.0.0', text: `${line}\n250 ok` },
      ])
      expect(events).toEqual([`garbage: ${line}`])
    },
  )

  it('C-39: takes a bare LF as line end', () => {
    expect(setUp().push('250-a\n250 b\n')).toEqual([
      { code: 250, status: '2.0.0', text: '250-a\n250 b' },
    ])
  })

  it.each([
    [Buffer.from('421 a\x01\x7f\tb\xff\r\n', 'latin1'), '421 a???b?'],
    [Buffer.from('421 grüß €uch 😀\n'), '421 grüß €uch 😀'],
    [Buffer.from('421 \xc3(\xe2\x82 \xf0\x9f\x98\n', 'latin1'), '421 ?(?? ???'],
    [Buffer.from('421 a\rb\r\n'), '421 a?b'],
  ])('C-40, C-185: unprintable octets become ?: %j', (bytes, text) => {
    expect(setUp().push(bytes)[0]?.text).toBe(text)
  })

  it.each([
    [2048, []],
    [2049, [`response longer than 2048: 250 ${'x'.repeat(26)}...`]],
    [4095, [`response longer than 2048: 250 ${'x'.repeat(26)}...`]],
  ])('C-39, C-185: a line of %i octets is cut at 2048', (octets, warnings) => {
    const { reader, push, events } = setUp()
    const line = `250 ${'x'.repeat(octets - 4)}`
    expect(push(`${line}\r\n250 next\r\n`).map(({ text }) => text)).toEqual([
      line.slice(0, 2048),
      '250 next',
    ])
    expect(events).toEqual(warnings)
    expect(reader.broken).toBe(false)
  })

  it.each([
    [2049, false],
    [4095, false],
    [4096, true],
    [10_000, true],
  ])('C-39: a line of %i octets ends the session: %j, however it is split', (octets, isBroken) => {
    const bytes = Buffer.from(`250 ${'x'.repeat(octets - 4)}\r\n250 next\r\n`)
    const start = `250 ${'x'.repeat(26)}...`
    for (const size of [bytes.length, 1, 4096]) {
      const { reader, push, events } = setUp()
      const replies = []
      for (let at = 0; at < bytes.length; at += size) {
        replies.push(...push(bytes.subarray(at, at + size)))
      }
      expect(replies).toHaveLength(isBroken ? 0 : 2)
      expect(reader.broken).toBe(isBroken)
      expect(events).toEqual([`response longer than 2048: ${start}`])
    }
  })

  it('C-39: gives up on a line that does not end, in bounded memory', () => {
    const { reader, push } = setUp(100)
    for (let round = 0; round < 1000; round++) {
      expect(push('x'.repeat(64))).toEqual([])
      expect(reader.buffered).toBeLessThanOrEqual(101)
      if (reader.broken) return
    }
    expect(reader.broken).toBe(true)
  })

  it('C-43: keeps about 2048 characters of a reply, and the last line decides', () => {
    const { push, events } = setUp()
    const line = `550-5.1.1 ${'y'.repeat(490)}\r\n`
    const [reply] = push(`${line.repeat(8)}450 4.2.2 end\r\n`)
    expect(reply).toMatchObject({ code: 450, status: '4.2.2' })
    expect(reply?.text.split('\n')).toHaveLength(5)
    expect(events).toEqual([`multi-line response longer than 2048 550-5.1.1 ${'y'.repeat(20)}...`])
    expect(push('250 ok\r\n')).toEqual([{ code: 250, status: '2.0.0', text: '250 ok' }])
  })

  it('gives the same replies and events however the stream is split', () => {
    const line = fc.oneof(
      fc.constantFrom('250 ok', '250-more', '550 5.1.1 no', 'garbage', '250', '', '421 \xff'),
      fc.string({ unit: fc.constantFrom('2', '5', '0', '-', ' ', 'x', '\r'), maxLength: 60 }),
    )
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 30 })), (lines, sizes) => {
        const wire = Buffer.from(lines.map((text) => `${text}\r\n`).join(''), 'latin1')
        const whole = setUp(40)
        const split = setUp(40)
        const expected = whole.push(wire)
        const replies: SmtpReply[] = []
        let at = 0
        for (const size of [...sizes, wire.length]) {
          replies.push(...split.push(wire.subarray(at, at + size)))
          at += size
        }
        if (whole.reader.broken || split.reader.broken) return
        expect(replies).toEqual(expected)
        expect(split.events).toEqual(whole.events)
      }),
      { numRuns: 200 },
    )
  })
})

describe('with a filter', () => {
  const REPLACED: Readonly<Record<string, string>> = {
    '250 one': '250-one',
    '250-two': '450 4.2.0 two',
    '550 three': 'no reply',
    '': '',
  }

  /** All replies to chunks, where each lookup takes some turns. */
  async function read(chunks: readonly string[]) {
    const events: string[] = []
    const reader = new ReplyReader(2048, {
      tooLong: (text) => events.push(text),
      garbage: (line) => events.push(line),
      filter: async (line) => {
        for (let turn = 0; turn < line.length % 3; turn++) await Promise.resolve()
        return REPLACED[line] ?? line
      },
    })
    const replies: SmtpReply[] = []
    for (const chunk of chunks) {
      reader.push(Buffer.from(chunk))
      for (let reply = await reader.next(); reply; reply = await reader.next()) replies.push(reply)
    }
    return { texts: replies.map(({ code, status, text }) => [code, status, text]), events }
  }

  it('C-41: lines are replaced before they are parsed: replies join, split, change', async () => {
    const text = '250 one\r\n250-two\r\n250 more\r\n550 three\r\n354 go\r\n'
    expect(await read([text])).toEqual({
      texts: [
        [450, '4.2.0', '250-one\n450 4.2.0 two'],
        [250, '2.0.0', '250 more'],
        [354, '5.5.0', 'no reply\n354 go'],
      ],
      events: ['no reply'],
    })
  })

  it('C-41: the same, however the bytes come', async () => {
    const line = fc.constantFrom(...Object.keys(REPLACED), '354 x', '250-y', '221 z')
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(40)), async (lines, cuts) => {
        const text = lines.map((one) => `${one}\r\n`).join('')
        const ends = [...cuts.toSorted((a, b) => a - b), text.length]
        const chunks = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
        expect(await read(chunks)).toEqual(await read([text]))
      }),
    )
  })
})
