import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { ownAnswers, recordedAnswers, tableVectors } from '../test/table-vectors.ts'
import { LookupTableError } from './errors.ts'
import { openTable, openTableOrFailing, tableOpener } from './open-table.ts'
import { tableFiles } from './table-file.ts'
import type { TableEnvironment } from './table-type.ts'
import { tableTypes } from './table-types.ts'

const directory = mkdtempSync(join(tmpdir(), 'open-table-'))
afterAll(() => rmSync(directory, { recursive: true }))

const NO_CLOCK = { now: () => 0, after: () => () => undefined }

function environment(warnings: string[] = [], changes: Partial<TableEnvironment> = {}) {
  return { ...tableContext(NO_CLOCK, warnings).environment, ...changes }
}

describe('G-50: as postmap -q answers', () => {
  const ofTypes = ['inline', 'static', 'environ', 'fail'].flatMap((type) =>
    tableVectors('small', type),
  )
  const others = tableVectors('small').filter(
    (vector) => !ofTypes.some((of) => of.table === vector.table),
  )

  it.each(others)('$table', (vector) => {
    expect(ownAnswers(vector)).toEqual(recordedAnswers(vector))
  })
})

describe('openTable', () => {
  it('G-50: has these types', () => {
    const files = ['cidr', 'lmdb', 'pcre', 'regexp', 'texthash']
    const names = ['environ', 'fail', 'inline', 'pipemap', 'randmap', 'static', 'unionmap']
    expect(tableTypes).toEqual([...files, ...names, 'socketmap', 'tcp'].sort())
  })

  it.each([
    ['hash:/etc/x', /^unsupported dictionary type: hash; use the source file as a texthash table/],
    ['btree:/etc/x', /make it an lmdb table with "postmap lmdb:FILE"$/],
    ['ldap:/etc/x', /serve it through a socketmap table$/],
    ['proxy:static:x', /use the table without "proxy:"$/],
    ['nosuch:x', /^unsupported dictionary type: nosuch$/],
  ])('%s: the error says what to do instead', (reference, message) => {
    expect(() => openTable(reference, environment())).toThrow(message)
    expect(() => openTable(reference, environment())).toThrow(
      expect.objectContaining({ code: 'unsupported-table', item: reference, list: undefined }),
    )
  })

  it.each(['unionmap', 'pipemap'])('%s: tables in tables have a limit', (type) => {
    const nested = (levels: number) => `${`${type}:{`.repeat(levels)}static:x${'}'.repeat(levels)}`
    expect(openTable(nested(16), environment()).lookup('k')).toBe('x')
    expect(() => openTable(nested(17), environment())).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: 'tables in tables: expected at most 16 levels',
      }),
    )
    expect(() => openTable(nested(100_000), environment())).toThrow(LookupTableError)
  })

  it('G-53: keys of fixed tables are folded, those of patterns are not', () => {
    expect(openTable('inline:{Key=x}', environment()).lookup('KEY')).toBe('x')
    expect(openTable('regexp:{{/^K/i x}}', environment()).lookup('key')).toBeUndefined()
  })

  it('tableOpener gives what lists want', () => {
    expect(tableOpener(environment())('inline', '{a=b}')?.lookup('a')).toBe('b')
  })
})

describe('openTableOrFailing', () => {
  it('G-51: says once what is wrong, and each lookup fails with a warning', () => {
    const warnings: string[] = []
    const problems: unknown[] = []
    const reference = 'texthash:/nonexistent'
    const text = 'open database /nonexistent: No such file or directory'
    const table = openTableOrFailing(reference, environment(warnings), (each) =>
      problems.push(each),
    )
    expect(problems).toEqual([{ severity: 'error', text }])
    const message = `texthash:/nonexistent is unavailable. ${text}`
    for (const key of ['a', 'b']) {
      expect(() => table.lookup(key)).toThrow(
        expect.objectContaining({ code: 'unavailable', message }),
      )
    }
    expect(warnings).toEqual([message, message])
    expect(table.hasChanged()).toBe(false)
  })

  it('G-50: what is no table name is an error here, too', () => {
    const open = () => openTableOrFailing('x', environment(), () => undefined)
    expect(open).toThrow('open dictionary: expecting "type:name" form instead of "x"')
  })
})

describe('G-52: a file that changes', () => {
  it.each([
    ['texthash', 'a one', 'a two'],
    ['regexp', '/^a$/ one', '/^a$/ two'],
    ['pcre', '/^a$/ one', '/^a$/ two'],
    ['cidr', '::/0 one', '::/0 two'],
  ])('%s: is noticed, and what was read stays', (type, before, after) => {
    const path = join(directory, type)
    const key = type === 'cidr' ? '::1' : 'a'
    writeFileSync(path, `${before}\n`)
    utimesSync(path, 1000, 1000)
    const table = openTable(`unionmap:{${type}:${path}}`, environment([], tableFiles))
    expect(table.hasChanged()).toBe(false)
    writeFileSync(path, `${after}\n`)
    expect(table.hasChanged()).toBe(true)
    expect(table.lookup(key)).toBe('one')
    expect(openTable(`${type}:${path}`, environment([], tableFiles)).lookup(key)).toBe('two')
  })

  it('one that is gone has changed', () => {
    const path = join(directory, 'gone')
    writeFileSync(path, 'a b\n')
    const table = openTable(`texthash:${path}`, environment([], tableFiles))
    rmSync(path)
    expect(table.hasChanged()).toBe(true)
    expect(table.lookup('a')).toBe('b')
  })
})

describe('any bytes as a table', () => {
  const words = [
    'if ',
    'endif',
    '/',
    '!',
    '(',
    ')',
    '*',
    '{9}',
    '[',
    ']',
    '\\',
    '$1',
    ' ',
    '\n',
    '\r\n',
    '\0',
    '"',
  ]
  const source = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(
        fc.oneof(fc.constantFrom(...words, '10.0.0.0/8', '::/0', 'a'), fc.string({ maxLength: 3 })),
      )
      .map((parts) => Buffer.from(parts.join(''))),
  )
  const key = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.ipV4(),
  )

  it.each(['texthash', 'cidr', 'regexp', 'pcre'])('%s: an answer, or our own error', (type) => {
    fc.assert(
      fc.property(
        source,
        fc.array(key, { maxLength: 5 }),
        fc.boolean(),
        (bytes, keys, smtputf8) => {
          const readFile = () => bytes
          const world = environment([], { readFile, modifiedMs: () => 0, smtputf8 })
          const table = openTable(`${type}:FILE`, world)
          for (const each of keys) answerOrOwnError(() => table.lookup(each))
        },
      ),
      { numRuns: 400 },
    )
  })

  it.each([
    'inline',
    'static',
    'unionmap',
    'pipemap',
    'randmap',
    'cidr',
    'regexp',
    'pcre',
    'tcp',
    'socketmap',
    '',
  ])('%s: in its name, too', (type) => {
    const part = fc.oneof(
      fc.constantFrom('{', '}', '=', ',', ' ', 'static:x', 'inline:', '/', '"'),
      fc.string(),
    )
    const name = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
    const readFile = () => Buffer.from('a b')
    const world = environment([], { readFile, modifiedMs: () => 0 })
    fc.assert(
      fc.property(name, fc.boolean(), (text, braces) => {
        const reference = `${type}:${braces ? `{${text}}` : text}`
        answerOrOwnError(() => openTable(reference, world).close())
      }),
      { numRuns: 300 },
    )
  })
})

function answerOrOwnError(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error
  }
}
