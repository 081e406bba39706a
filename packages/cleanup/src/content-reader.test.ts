import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter } from '@posthouse/queue-store'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { completeExternal } from '../test/addresses.ts'
import { OPTIONS } from '../test/scene.ts'
import { contentChecks, type TestChecks } from '../test/tables.ts'
import { ContentReader } from './content-reader.ts'
import { headerRules } from './header-rules.ts'
import { Inspection } from './inspection.ts'
import { refusedMimeProblems } from './mime-problems.ts'
import { PrimaryHeader } from './primary-header.ts'
import { StoredBody } from './stored-body.ts'

const SMALL = { ...OPTIONS, lineLengthLimit: 16, headerSizeLimit: 24, mimeBoundaryLengthLimit: 8 }
const MESSAGE = {
  queueId: 'QID',
  origin: 'localhost[127.0.0.1]',
  protocol: 'QMQP',
  sender: '',
  lastRecipient: 'r@x',
  addressFormat: 'external',
} as const

/** Records and log of a text that comes in pieces. */
async function read(pieces: readonly Buffer[], options = OPTIONS, tables: TestChecks = {}) {
  const { logger: log, lines } = memoryLogger()
  const rules = headerRules(options.messageDropHeaders)
  const warn = () => undefined
  const owner = { queueId: 'QID', rules, mapping: undefined, warn }
  const primary = new PrimaryHeader(owner, { options, log, rewriteExternal: completeExternal })
  const inspection = new Inspection(MESSAGE, log)
  const writer = new ContentWriter(options.lineLengthLimit, 0)
  const checks = contentChecks(tables)
  const refusedMime = refusedMimeProblems(options, checks)
  const endPrimary = () => writer.line(Buffer.from('X-Missing: x'))
  const blocks: Uint8Array[] = []
  const store = async (block: Uint8Array) => void blocks.push(Buffer.from(block))
  const context = { options, checks, refusedMime, writer, store, primary, inspection, endPrimary }
  const reader = new ContentReader(context)
  for (const piece of pieces) await reader.push(piece)
  await reader.end()
  const { rejection, isDiscarded } = inspection
  const records = Buffer.concat([...blocks, writer.finish()]).toString('latin1')
  return { records, lines, rejection, isDiscarded, is8bit: reader.is8bit }
}

const PIECES = [
  'A: b\n',
  'To: x\n',
  'Content-Type: multipart/mixed; boundary=b\n',
  'Content-Transfer-Encoding: 8bit\n',
  ' more\n',
  '--b',
  '--\n',
  '\n',
  'body',
  ' ',
  ':',
  '\xe9',
  '\0',
  'a line that is longer than a record\n',
]
const text = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 20 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))
const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })

function inPieces(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < whole.length; ) {
    const size = sizes[pieces.length % sizes.length]!
    pieces.push(Buffer.from(whole.subarray(at, at + size)))
    at += size
  }
  return pieces
}

it('Q-341, Q-555: stores the same records however a message is cut', async () => {
  const property = fc.asyncProperty(text, cuts, async (whole, sizes) => {
    expect(await read(inPieces(whole, sizes), SMALL)).toEqual(await read([whole], SMALL))
  })
  await fc.assert(property, { numRuns: 500 })
})

it('Q-541, Q-556: checks and finds the same however a message is cut', async () => {
  const strict = { ...SMALL, strict7bitHeaders: true, strict8bitmimeBody: true }
  const tables = { headerChecks: '/b/ WARN\n/more/ REPLACE X: y\n', bodyChecks: '/./ PREPEND p\n' }
  const property = fc.asyncProperty(text, cuts, async (whole, sizes) => {
    const [cut, once] = [inPieces(whole, sizes), [whole]]
    expect(await read(cut, strict, tables)).toEqual(await read(once, strict, tables))
  })
  await fc.assert(property, { numRuns: 300 })
})

it('Q-341: records of a body are those of its lines, cut at the limit', async () => {
  const { records } = await read([Buffer.from('\n123456789012345\n1234567890123456\n')], SMALL)
  expect(records).toContain('N\x0f123456789012345N\x101234567890123456')
  const long = await read([Buffer.from('\n12345678901234567\nx')], SMALL)
  expect(long.records).toContain('L\x101234567890123456N\x017L\x01xN\x00')
})

it('Q-555: ten megabytes of boundaries are read in time that grows with them, no faster', async () => {
  const header = 'Content-Type: multipart/mixed; boundary=b\n\n'
  const empty = await read([Buffer.from(header)])
  const whole = Buffer.from(header + '--b\n'.repeat(2_500_000))
  const { records, rejection } = await read([whole])
  expect(rejection).toBe(undefined)
  expect(records.length - empty.records.length).toBe(2_500_000 * 'N.--b'.length)
}, 60_000)

it('Q-515: of a header of ten megabytes header_size_limit is kept', async () => {
  const whole = Buffer.from(`X: ${'x'.repeat(10_000_000)}\n\nb\n`)
  const { records } = await read([whole])
  expect(records.match(/x/g)).toHaveLength(OPTIONS.headerSizeLimit - 'X: '.length + 1)
})

it('Q-548: a table that answers later is asked a hundred thousand times, one by one', async () => {
  let [pending, most] = [0, 0]
  const lookup = async () => {
    most = Math.max(most, ++pending)
    await Promise.resolve()
    pending--
    return undefined
  }
  const { logger } = memoryLogger()
  const inspection = new Inspection(MESSAGE, logger)
  const writer = new ContentWriter(2048, 0)
  const options = { ...OPTIONS, bodyChecksSizeLimit: 0 }
  const body = new StoredBody(options, writer, inspection, { name: 'body_checks', lookup })
  await body.push(Buffer.from('y\n'.repeat(100_000)))
  expect([most, pending, writer.byteLength]).toEqual([1, 0, 300_000])
})
