import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checkedContent } from './checked-content.ts'
import { ContentInspector, type SmtpContentChecks } from './content-checks.ts'
import { type GenericMap, GenericMapping } from './generic-mapping.ts'

const LIMITS = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 40,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
}
const NONE: SmtpContentChecks = {
  headerChecks: undefined,
  mimeHeaderChecks: undefined,
  nestedHeaderChecks: undefined,
  bodyChecks: undefined,
}

interface Checked {
  readonly text: string
  readonly lines: readonly string[]
}

async function check(
  text: string,
  checks: Partial<SmtpContentChecks>,
  {
    sevenBit = false,
    chunkBytes = 1000,
    mapping,
  }: { sevenBit?: boolean; chunkBytes?: number; mapping?: GenericMap } = {},
): Promise<Checked> {
  const { logger, lines } = memoryLogger()
  const bytes = Buffer.from(text)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes))
  }
  const inspector = new ContentInspector({ ...NONE, ...checks }, 'QID', logger)
  const sent: Uint8Array[] = []
  const changes = { inspector, mapping: mapping && new GenericMapping(mapping, 'maps', logger) }
  for await (const piece of checkedContent(() => chunks, changes, LIMITS, sevenBit)()) {
    sent.push(Buffer.from(piece))
  }
  return { text: Buffer.concat(sent).toString(), lines }
}

const MESSAGE = `From: a@b.test
X-Two: one
 two
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: message/rfc822

Subject: inner

drop this
keep this
--b--
`

describe('checkedContent', () => {
  it('C-171: each table is asked about its own', async () => {
    const asked: Record<string, string[]> = { header: [], mime: [], nested: [], body: [] }
    const table = (name: string) => (key: string) => void asked[name]?.push(key)
    const { text } = await check(MESSAGE, {
      headerChecks: table('header'),
      mimeHeaderChecks: table('mime'),
      nestedHeaderChecks: table('nested'),
      bodyChecks: table('body'),
    })
    expect(text).toBe(MESSAGE)
    expect(asked).toEqual({
      header: ['From: a@b.test', 'X-Two: one\n two'],
      mime: ['Content-Type: multipart/mixed; boundary=b', 'Content-Type: message/rfc822'],
      nested: ['Subject: inner'],
      body: ['--b', 'drop this', 'keep this', '--b--'],
    })
  })

  it.each([
    ['IGNORE', 'keep this\n', []],
    ['strip', 'keep this\n', ['QID: strip: body drop this']],
    ['REPLACE .new', '.new\nkeep this\n', ['QID: replace: body drop this: .new']],
    ['PREPEND x', 'x\ndrop this\nkeep this\n', ['QID: prepend: body drop this: x']],
    ['INFO', 'drop this\nkeep this\n', ['QID: info: body drop this']],
    ['WARN why', 'drop this\nkeep this\n', ['QID: warning: body drop this: why']],
    ['DUNNO', 'drop this\nkeep this\n', []],
    [
      'REJECT no',
      'drop this\nkeep this\n',
      ['warning: unsupported command in smtp_body_checks map: REJECT no'],
    ],
    [
      'REPLACE',
      'drop this\nkeep this\n',
      ['warning: REPLACE action without text in smtp_body_checks map'],
    ],
  ])('C-171: %s in a body, however it is split', async (result, expected, log) => {
    const bodyChecks = (key: string) => (key.startsWith('drop') ? result : undefined)
    for (const chunkBytes of [1, 7, 1000]) {
      const { text, lines } = await check(MESSAGE, { bodyChecks }, { chunkBytes })
      expect(text).toBe(MESSAGE.replace('drop this\nkeep this\n', expected))
      expect(lines).toEqual(log)
    }
  })

  it('C-171: a header is replaced by nothing but a header', async () => {
    const headerChecks = () => 'REPLACE no header'
    const { text, lines } = await check('A: b\n\nbody\n', { headerChecks })
    expect(text).toBe('A: b\n\nbody\n')
    expect(lines).toEqual([
      'warning: bad REPLACE header text "no header" in smtp_header_checks map' +
        ' -- need "headername: headervalue"',
    ])
  })

  it('C-171: what a conversion brings is looked up, too', async () => {
    const message = 'Content-Transfer-Encoding: 8bit\n\ncafé\n'
    const seen: string[] = []
    const table = (key: string) => void seen.push(key)
    const checks = { headerChecks: table, mimeHeaderChecks: table, bodyChecks: table }
    const { text } = await check(message, checks, { sevenBit: true })
    expect(text).toBe('Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9\n')
    expect(seen).toEqual(['Content-Transfer-Encoding: quoted-printable', 'caf=C3=A9'])
  })

  it('C-172: maps addresses of the message, not of parts, however it is split', async () => {
    const mapping: GenericMap = (address) => (address === 'a@b.test' ? ['c@d.test'] : undefined)
    const message = `X-To: a@b.test\n${MESSAGE.replace('inner', 'inner\nFrom:  a@b.test')}`
    for (const chunkBytes of [1, 7, 1000]) {
      const { text } = await check(message, {}, { chunkBytes, mapping })
      expect(text).toBe(message.replace('From: a@b.test', 'From: c@d.test'))
    }
  })

  it('C-172: maps what checks leave, but not what they prepend or make another', async () => {
    const mapping: GenericMap = () => ['c@d.test']
    const results: Readonly<Record<string, string>> = {
      'To: 1': 'REPLACE To: a@b.test',
      'To: 2': 'REPLACE Cc: a@b.test',
      'X: 3': 'REPLACE To: a@b.test',
      'To: 4': 'PREPEND Cc: a@b.test',
      'To: 5': 'IGNORE',
    }
    const headerChecks = (key: string) => results[key]
    const message = 'To: 1\nTo: 2\nX: 3\nTo: 4\nTo: 5\n\nTo: 1\n'
    const { text } = await check(message, { headerChecks }, { mapping })
    expect(text).toBe(
      'To: c@d.test\nCc: a@b.test\nTo: a@b.test\nCc: a@b.test\nTo: c@d.test\n\nTo: 1\n',
    )
  })

  it('without an action, a message is what it was, however it is split', async () => {
    const part = fc.constantFrom('\n', '--b', '--b--\n', 'A: b\n', 'x'.repeat(39), '\r', 'é')
    await fc.assert(
      fc.asyncProperty(
        fc.array(part),
        fc.integer({ min: 1, max: 50 }),
        async (parts, chunkBytes) => {
          const message = `H: x\nContent-Type: multipart/mixed; boundary=b\n\n${parts.join('')}\n`
          const table = () => undefined
          const { text } = await check(message, { bodyChecks: table }, { chunkBytes })
          expect(text).toBe(message)
        },
      ),
    )
  })
})
