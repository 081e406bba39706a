import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Downgrade } from './downgrade.ts'
import { MIME_ERRORS } from './mime-errors.ts'
import type { MimeEvent } from './mime-event.ts'
import { MimeStream, type MimeStreamOptions } from './mime-stream.ts'

const LIMITS: MimeStreamOptions = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  disableMimeInputProcessing: false,
}
// Small, so that generated messages reach them, but for headers, which would lose bytes.
const SMALL = { ...LIMITS, lineLengthLimit: 24, mimeBoundaryLengthLimit: 6, mimeNestingLimit: 2 }

// Messages that have structure more often than chance would give them.
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('', '--a', '--b', '--a--', '--b--', '--', '-', ' ', '\t'),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=a',
      'Content-Type: multipart/digest;\n boundary="b"',
      'Content-Type: message/rfc822',
      'Content-Type: message/global',
      'Content-Transfer-Encoding: 8bit',
      'Content-Transfer-Encoding : binary',
      'Content-Transfer-Encoding: base64',
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom('X: y', 'X\t : \0y', ':', `${'x'.repeat(30)}: y`) },
  { weight: 3, arbitrary: fc.constantFrom('caf\xe9', 'x ', '=\t', `${'\xe9 '.repeat(40)}`) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
)
const text = fc
  .array(line, { maxLength: 24 })
  .map((lines) => Buffer.from(lines.join('\n'), 'latin1'))
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
const message = fc.oneof({ weight: 4, arbitrary: text }, bytes)
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })

function chunksOf(input: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const end = at + sizes[turn % sizes.length]!
    chunks.push(Buffer.from(input.subarray(at, end)))
    at = end
  }
  return chunks
}

/**
 * The events, bytes as text, bodies that follow each other joined.
 *
 * @param stable Which chunks do not change, in turn.
 */
function eventsOf(
  chunks: readonly Buffer[],
  options: MimeStreamOptions,
  stable: readonly boolean[] = [false],
): object[] {
  const events: { kind: string; raw: string }[] = []
  const stream = new MimeStream(options, (event: MimeEvent) => {
    const raw = event.raw.toString('latin1')
    const last = events.at(-1)
    if (event.kind === 'body' && last?.kind === 'body') last.raw += raw
    else if (event.kind !== 'header') events.push({ ...event, raw })
    else {
      const kept = event.kept.toString('latin1')
      events.push({ ...event, raw, ...{ kept, text: event.text.toString('latin1') } })
    }
  })
  for (const [index, chunk] of chunks.entries()) {
    const isStable = stable[index % stable.length]!
    stream.push(chunk, isStable)
    if (!isStable) chunk.fill(0x2a) // The caller may use it again.
  }
  stream.end()
  return [...events, [...stream.errors].toSorted()]
}

function joined(input: Buffer, options = LIMITS): string {
  let output = ''
  const stream = new MimeStream(options, ({ raw }) => {
    output += raw.toString('latin1')
  })
  stream.push(input)
  stream.end()
  return output
}

describe('any bytes', () => {
  it.each([
    ['default', LIMITS],
    ['small', SMALL],
  ])('give the same events in any chunks, with %s limits', (_, options) => {
    const turns = fc.array(fc.boolean(), { minLength: 1 })
    const property = fc.property(message, cuts, turns, (input, sizes, stable) => {
      const whole = eventsOf([Buffer.from(input)], options)
      expect(eventsOf(chunksOf(input, sizes), options, stable)).toEqual(whole)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('are the bytes of all events together', () => {
    const property = fc.property(message, fc.boolean(), (input, disableMimeInputProcessing) => {
      const options = { ...SMALL, disableMimeInputProcessing }
      expect(joined(input, options)).toBe(input.toString('latin1'))
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('give headers within header_size_limit, none of which ends its block', () => {
    const property = fc.property(message, fc.integer({ min: 1, max: 30 }), (input, limit) => {
      const stream = new MimeStream({ ...SMALL, headerSizeLimit: limit }, (event) => {
        if (event.kind !== 'header') return
        expect(event.text.length).toBeLessThanOrEqual(limit)
        expect(event.kept.length).toBeLessThanOrEqual(limit)
        expect(`${event.kept}\n`).not.toContain('\n\n')
        expect(`${event.raw}`).not.toContain('\n\n')
      })
      stream.push(input)
      stream.end()
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

it('Q-556: each strict switch refuses for its own error', () => {
  const texts = MIME_ERRORS.map(({ parameter, text }) => [parameter, text])
  expect(Object.fromEntries(texts.filter(([parameter]) => parameter !== undefined))).toEqual({
    strict_7bit_headers: 'improper use of 8-bit data in message header',
    strict_8bitmime_body: 'improper use of 8-bit data in message body',
    strict_mime_encoding_domain: 'invalid message/* or multipart/* encoding domain',
  })
})

describe('MimeStream', () => {
  const run = (input: string, options: Partial<MimeStreamOptions> = {}) => {
    const events: MimeEvent[] = []
    const stream = new MimeStream({ ...LIMITS, ...options }, (event) => events.push(event))
    stream.push(Buffer.from(input, 'latin1'))
    stream.end()
    return { events, errors: [...stream.errors] }
  }
  const kinds = (input: string): string[] => run(input).events.map(({ kind }) => kind)

  it('of nothing is an end of headers', () => {
    expect(kinds('')).toEqual(['end-of-headers'])
  })

  it('Q-512: asks for an empty line when the headers end in text, not when the input ends', () => {
    const needs = (input: string) =>
      run(input).events.flatMap((event) =>
        event.kind === 'end-of-headers' ? [event.needsEmptyLine] : [],
      )
    expect(needs('A: b\ntext\n')).toEqual([true])
    expect(needs('A: b')).toEqual([false])
    expect(needs('Content-Type: multipart/x; boundary=b\n\n--b\ntext\n')).toEqual([false, false])
  })

  it('Q-510: a header has its colon among the first line_length_limit bytes', () => {
    const header = (length: number): string => `${'x'.repeat(length - 1)}: y\n\n`
    const options = { lineLengthLimit: 100, mimeBoundaryLengthLimit: 500 }
    expect(run(header(100), options).events[0]!.kind).toBe('header')
    expect(run(header(101), options).events[0]!.kind).toBe('end-of-headers')
  })

  it('Q-514: cuts each line of a header at its first NUL, but not in raw', () => {
    const [event] = run('A: b\0c\n d\0\0e\n\n').events
    expect(event).toMatchObject({ raw: Buffer.from('A: b\0c\n d\0\0e\n') })
    expect(event).toMatchObject({ text: Buffer.from('A: b\n d') })
  })

  it('Q-515: a header that is cut behind a line end does not end its block', () => {
    expect(run('X: y\n z\n\n', { headerSizeLimit: 5 }).events[0]).toMatchObject({
      raw: Buffer.from('X: y\n z\n'),
      text: Buffer.from('X: y\n'),
      kept: Buffer.from('X: y'),
    })
  })

  it('Q-515: says that a header was truncated', () => {
    expect(run('A: 4567\n\n', { headerSizeLimit: 6 }).errors).toEqual(['truncated-header'])
    expect(run('A: 456\n\n', { headerSizeLimit: 6 }).errors).toEqual([])
    expect(run('A \t : 456\n\n', { headerSizeLimit: 6 }).errors).toEqual([])
  })

  it('Q-555: sees a boundary that is split by a chunk', () => {
    const input = Buffer.from('Content-Type: multipart/x; boundary=b\n\n\n--b\n\n-\n--b--\n')
    const expected = kinds(input.toString())
    expect(expected.filter((kind) => kind === 'boundary')).toHaveLength(2)
    const events: MimeEvent[] = []
    const stream = new MimeStream(LIMITS, (event) => events.push(event))
    for (const byte of input) stream.push(Uint8Array.of(byte))
    stream.end()
    expect(events.filter(({ kind }) => kind === 'boundary')).toHaveLength(2)
    expect(Buffer.concat(events.map(({ raw }) => raw))).toEqual(input)
  })

  it('C-167: a boundary line as long as can be is one, with its LF', () => {
    const boundary = 'x'.repeat(50)
    const input = `Content-Type: multipart/x; boundary=${boundary}\n\n--${boundary}--\n\n`
    const { events } = run(input, { lineLengthLimit: 14, mimeBoundaryLengthLimit: 50 })
    const raw = Buffer.from(`--${boundary}--\n`)
    expect(events).toContainEqual({ kind: 'boundary', isClosing: true, raw })
  })

  it('Q-555: the innermost multipart whose boundary fits is meant', () => {
    const outer = 'Content-Type: multipart/x; boundary=a\n\n--a\n'
    const inner = 'Content-Type: multipart/x; boundary=ab\n\n--ab--\n'
    const closing = run(outer + inner).events.map((e) => e.kind === 'boundary' && e.isClosing)
    expect(closing.filter(Boolean)).toHaveLength(1)
  })

  it('Q-555: a boundary is only at the beginning of a line, however long the line', () => {
    const head = 'Content-Type: multipart/x; boundary=b\n\n'
    const long = (start: string): string => `${head}${start}${'x'.repeat(2060)}--b\n`
    expect(kinds(long(''))).not.toContain('boundary')
    expect(kinds(long('--'))).not.toContain('boundary')
    expect(kinds(`${head}${'x'.repeat(2048)}--b\n`)).not.toContain('boundary')
  })

  it('the rest of a boundary line that is too long is body, not a header', () => {
    const input = `Content-Type: multipart/x; boundary=b\n\n--b${'y'.repeat(3000)}: z\nA: b\n\n`
    const found = run(input).events.map(({ kind }) => kind)
    const expected = ['header', 'end-of-headers', 'boundary', 'body', 'header', 'end-of-headers']
    expect(found).toEqual(expected)
  })

  it('keeps no more levels than mime_nesting_limit allows', () => {
    const boundaries = Array.from({ length: 200 }, (_, n) => `; boundary=n${n}x`).join('')
    const { errors, events } = run(`Content-Type: multipart/x${boundaries}\n\n--n101x\n\n--n102x\n`)
    expect(errors).toEqual(['nesting'])
    expect(events.filter(({ kind }) => kind === 'boundary')).toHaveLength(1)
  })

  it('disable_mime_input_processing: follows nothing and finds nothing wrong', () => {
    const input = 'A: \xe9\nContent-Type: multipart/x; boundary=b\n\n--b\n\n\xe9\n'
    const { events, errors } = run(input, { disableMimeInputProcessing: true })
    expect(errors).toEqual([])
    expect(events.map(({ kind }) => kind)).toEqual(['header', 'header', 'end-of-headers', 'body'])
    expect(run(input).errors).toEqual(['8bit-in-header', '8bit-in-7bit-body'])
  })

  it('passes a body on in one piece per chunk', () => {
    const body = 'line\n-- \n--x\n'.repeat(1000)
    expect(run(`A: b\n\n${body}`).events).toHaveLength(3)
  })
})

describe('Downgrade', () => {
  const downgraded = (chunks: readonly Buffer[], options = LIMITS): string => {
    let output = ''
    const downgrade = new Downgrade(options, ({ raw }) => {
      output += raw.toString('latin1')
    })
    for (const chunk of chunks) downgrade.push(chunk)
    downgrade.end()
    return output
  }

  it('gives the same bytes in any chunks', () => {
    const property = fc.property(message, cuts, (input, sizes) => {
      expect(downgraded(chunksOf(input, sizes), SMALL)).toBe(downgraded([input], SMALL))
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('C-164: a message without 8-bit parts stays as it is', () => {
    const property = fc.property(message, (input) => {
      const ascii = input.toString('latin1').replace(/8bit|binary|\0|[\t ]+(?=:)/g, '')
      const whole = `A: b\n${ascii}\n`
      const needsLine = /^(A: b|[!-9;-~]+:.*|[ \t].*)$/
      fc.pre(
        whole
          .split('\n\n')[0]!
          .split('\n')
          .every((row) => needsLine.test(row)),
      )
      expect(downgraded([Buffer.from(whole, 'latin1')])).toBe(whole)
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('is 7-bit when headers are and all bodies with 8-bit text say so', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (body, sizes) => {
      const head = 'Content-Transfer-Encoding: 8bit\nContent-Type: text/plain\n\n'
      const input = Buffer.concat([Buffer.from(head), body])
      const output = downgraded(chunksOf(input, sizes))
      expect(output).toMatch(/^[\n\x20-\x7e\t]*$/)
      const start = output.indexOf('\n\n') + 2
      expect(output.slice(0, start)).toContain('Content-Transfer-Encoding: quoted-printable\n')
      expect(decoded(output.slice(start))).toBe(Buffer.from(body).toString('latin1'))
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

/** RFC 2045 6.7, strictly: throws on what no encoder may write. */
function decoded(encoded: string): string {
  for (const row of encoded.split('\n')) {
    expect(row.length).toBeLessThanOrEqual(76)
    expect(row).not.toMatch(/[ \t]$/)
    expect(row.replace(/=[0-9A-F]{2}|=$/g, '')).not.toContain('=')
  }
  const text = encoded.replace(/=\n/g, '')
  return text.replace(/=(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
