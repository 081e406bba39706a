import { readdirSync, readFileSync } from 'node:fs'

import { unquoteAddress } from '@posthouse/mail-address'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  formatStatusLogEntry,
  parseStatusLog,
  type StatusLogEntry,
  type StatusLogKind,
  type StatusLogRecord,
} from './index.ts'

interface Vector {
  readonly name: string
  readonly kind: StatusLogKind
  readonly entries: readonly Record<string, string | number>[]
  readonly warnings: readonly string[]
}

const directory = new URL('../vectors/', import.meta.url)
const vectors = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .map((name): Vector => JSON.parse(readFileSync(new URL(name, directory), 'utf8')))
// Made by hand for the reader; all others were written by Postfix.
const SYNTHETIC = /^(old-style|mixed-style|unterminated|damaged)\./
const WITH_LINE = { compatibilityLine: true, smtputf8: true }

describe('parseStatusLog', () => {
  it.each(vectors)('F-61: $name', ({ name, kind, entries, warnings }) => {
    const bytes = readFileSync(new URL(name, directory))
    const log = parseStatusLog(bytes, { kind, smtputf8: true })
    expect(log.entries.map(named)).toEqual(entries)
    expect(log.warnings).toEqual(warnings)
  })

  it('F-61: without smtputf8 each byte beyond ASCII becomes ?', () => {
    const bytes = Buffer.from('<ü@d>: x\n\n')
    const { entries } = parseStatusLog(bytes, { kind: 'bounce', smtputf8: false })
    expect(entries[0]?.recipient).toBe('??@d')
  })

  it.each([
    ['diag_type=smtp\n', {}],
    ['mta_mname=host\n', {}],
    ['notify_flags=1\n', { notify: 1 }],
    ['notify_flags=3\n', {}],
    ['notify_flags=14\n', { notify: 14 }],
    ['notify_flags=16\n', {}],
    ['offset=0x10\n', {}],
    ['original_recipient=\n', { originalRecipient: '(MAILER-DAEMON)' }],
  ])('F-61: %j', (line, fields) => {
    const bytes = Buffer.from(`recipient=a@b\n${line}\n`)
    const { entries, warnings } = parseStatusLog(bytes, { kind: 'trace', smtputf8: true })
    const defaults = { status: '5.0.0', action: 'failed', reason: '(description unavailable)' }
    expect(entries).toEqual([{ recipient: 'a@b', ...defaults, ...fields }])
    expect(warnings).toEqual([])
  })

  it('F-61: quotes 30 characters of a line it cannot read', () => {
    const bytes = Buffer.from(`=${'x'.repeat(40)}\n\n`)
    const { warnings } = parseStatusLog(bytes, { kind: 'trace', smtputf8: true })
    expect(warnings).toEqual([`malformed record: =${'x'.repeat(29)}...`])
  })

  it('F-61: takes any bytes, and gives nothing that can break a line', () => {
    const piece = fc.constantFrom(
      'recipient=',
      '<a>: b',
      '\n',
      '\n\n',
      '=',
      ' ',
      '\0',
      '\r',
      '\xff',
      'x',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1')
        const log = parseStatusLog(bytes, { kind: 'bounce', smtputf8: true })
        expect(JSON.stringify(log)).not.toMatch(/\\[nru]/)
      }),
    )
  })
})

describe('formatStatusLogEntry', () => {
  const recorded = vectors.filter(({ name }) => !SYNTHETIC.test(name))

  it.each(recorded)('F-60: writes $name', ({ name, entries }) => {
    const compatibilityLine = !name.startsWith('no-compat-line')
    const texts = entries.map((entry) =>
      formatStatusLogEntry(entryOf(entry), { compatibilityLine, smtputf8: true }),
    )
    expect(texts.join('')).toBe(readFileSync(new URL(name, directory), 'utf8'))
  })

  const minimal: StatusLogEntry = { recipient: 'a@b', status: '4.0.0', action: 'x', reason: 'r' }
  const lines = (entry: Partial<StatusLogEntry>, options = WITH_LINE) =>
    formatStatusLogEntry({ ...minimal, ...entry }, options)
      .split('\n')
      .slice(1, -2)

  it('F-60: writes the null recipient as <>', () => {
    expect(lines({ recipient: '' }).slice(0, 2)).toEqual(['<>: r', 'recipient=<>'])
  })

  it('F-60: leaves out what is empty, 0, or half', () => {
    const expected = ['<a@b>: ', 'recipient=a@b']
    const nothing = { status: '', action: '', reason: '', offset: 0, notify: 0, dsnOriginal: '' }
    expect(lines({ ...nothing, originalRecipient: '' })).toEqual(expected)
    expect(lines({ ...nothing, originalRecipient: 'A@B' })).toEqual(expected)
    const upper = { ...nothing, recipient: 'A@B', originalRecipient: 'a@b' }
    expect(lines(upper)).toEqual(['<A@B>: ', 'recipient=A@B'])
    expect(lines({ ...nothing, diagnostic: { type: 'smtp', text: '' } })).toEqual(expected)
    expect(lines({ ...nothing, diagnostic: { type: '', text: 'x' } })).toEqual(expected)
    expect(lines({ ...nothing, remoteMta: { type: 'dns', name: '' } })).toEqual(expected)
    expect(lines({ ...nothing, remoteMta: { type: '', name: 'x' } })).toEqual(expected)
  })

  it('F-60: no value can end its line or forge another', () => {
    const reason = 'a\r\nrecipient=evil@x\0\u007f\udcffü'
    expect(lines({ reason }).at(-1)).toBe('reason=a??recipient=evil@x???ü')
    const ascii = { compatibilityLine: true, smtputf8: false }
    expect(lines({ reason }, ascii).at(-1)).toBe('reason=a??recipient=evil@x?????')
    expect(lines({ recipient: 'a\nb@c' }).slice(0, 2)).toEqual([
      '<"a\\?b"@c>: r',
      'recipient="a\\?b"@c',
    ])
  })

  it('F-60, F-61: what it writes can be read', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'ab@. "<>=:ü'),
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(text, text, fc.nat(9999), fc.boolean(), (name, reason, offset, line) => {
        const options = { compatibilityLine: line, smtputf8: true }
        const entry = {
          ...minimal,
          recipient: `x${name}@dest.test`,
          reason: `x${reason}\nx`,
          offset,
        }
        const written = formatStatusLogEntry(entry, options)
        const log = parseStatusLog(Buffer.from(written), { kind: 'defer', smtputf8: true })
        expect(log.warnings).toEqual([])
        expect(formatStatusLogEntry(entryOf(named(log.entries[0]!)), options)).toBe(written)
      }),
    )
  })
})

/** The entry under the names of the file. */
function named(entry: StatusLogRecord): Record<string, string | number> {
  const fields = {
    recipient: entry.recipient,
    original_recipient: entry.originalRecipient,
    offset: entry.offset,
    dsn_orig_rcpt: entry.dsnOriginal,
    notify_flags: entry.notify,
    status: entry.status,
    action: entry.action,
    diag_type: entry.diagnostic?.type,
    diag_text: entry.diagnostic?.text,
    mta_type: entry.remoteMta?.type,
    mta_mname: entry.remoteMta?.name,
    reason: entry.reason,
  }
  const present = Object.entries(fields).filter(
    (field): field is [string, string | number] => field[1] !== undefined,
  )
  return Object.fromEntries(present)
}

function entryOf(fields: Record<string, string | number>): StatusLogEntry {
  const text = (name: string) => String(fields[name] ?? '')
  return {
    recipient: unquoteAddress(text('recipient')),
    originalRecipient: unquoteAddress(text('original_recipient')),
    offset: Number(fields['offset'] ?? 0),
    dsnOriginal: text('dsn_orig_rcpt'),
    notify: Number(fields['notify_flags'] ?? 0),
    status: text('status'),
    action: text('action'),
    diagnostic: { type: text('diag_type'), text: text('diag_text') },
    remoteMta: { type: text('mta_type'), name: text('mta_mname') },
    reason: text('reason'),
  }
}
