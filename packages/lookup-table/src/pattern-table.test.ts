import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { openPcreTable } from './pcre-table.ts'
import { openRegexpTable } from './regexp-table.ts'
import type { TableType } from './table-type.ts'

const clock = { now: () => 0, after: () => () => undefined }

function open(openType: TableType, source: string) {
  const warnings: string[] = []
  const { environment, ...context } = tableContext(clock, warnings)
  const readFile = () => Buffer.from(source)
  return {
    table: openType('F', { ...context, environment: { ...environment, readFile } }),
    warnings,
  }
}

describe.each([
  ['regexp', openRegexpTable],
  ['pcre', openPcreTable],
] as const)('G-60: a %s table and hostile input', (type, openType) => {
  it.each([
    ['(a+)+$', `${'a'.repeat(40)}b`],
    ['^(a|aa)+$', `${'a'.repeat(60)}b`],
    ['^(a|a)*$', `${'a'.repeat(40)}b`],
    [`${'(|)'.repeat(40)}x`, 'a'],
    [`^${'(a|)'.repeat(40)}b`, 'a'.repeat(40)],
    ['^((((a|){9}){9}){9}){9}b', 'a'],
    ['([^b]*)([^b]*)([^b]*)\\1b', 'a'.repeat(50_000)],
    ['a{9999,}(a|b)\\1b', 'a'.repeat(60_000)],
  ])('/%s/ is given up after a number of steps', (pattern, key) => {
    const { table, warnings } = open(openType, `/${pattern}/ x\n`)
    const message = `${type} map F, line 1: match limit exceeded`
    expect(() => table.lookup(key)).toThrow(
      expect.objectContaining({ code: 'lookup-failed', item: `${type}:F`, message }),
    )
    expect(warnings).toEqual([message])
    // The next key is none the worse for it.
    const { table: other } = open(openType, `/^zz$/ found\n/${pattern}/ x\n`)
    expect(() => other.lookup(key)).toThrow()
    expect(other.lookup('zz')).toBe('found')
  })

  it.each([
    ['.*@.*\\..*', 'a@'.repeat(500)],
    ['[^x]*x', 'a'.repeat(2000)],
    ['^(.*)a(.*)b$', 'ab'.repeat(300)],
    ['^([a-z]+\\.)*[a-z]+@', `${'abc.'.repeat(300)}x`],
    ['(|x)?y|^$', 'n'],
  ])('/%s/ is not', (pattern, key) => {
    const { table } = open(openType, `/${pattern}/ x\n/./ next`)
    expect(table.lookup(key)).toMatch(/^(x|next)$/)
  })

  it('.* with a reference to it may match from a later place only', () => {
    expect(open(openType, '/(.*)\\1b/ <$1>\n').table.lookup('xaab')).toBe('<a>')
  })

  it('keys are at most 102,400 bytes long', () => {
    const { table } = open(openType, '/^a/ x\n')
    expect(table.lookup(`a${'b'.repeat(102_399)}`)).toBe('x')
    expect(() => table.lookup(`a${'b'.repeat(102_400)}`)).toThrow(/key longer than 102400 bytes$/)
    expect(() => table.lookup('ä'.repeat(51_201))).toThrow(/key longer than/)
  })

  it('IF may be inside IF to a limit', () => {
    const source = (levels: number) =>
      `${'if /a/\n'.repeat(levels)}/./ x\n${'endif\n'.repeat(levels)}`
    expect(open(openType, source(250)).table.lookup('a')).toBe('x')
    expect(() => open(openType, source(251))).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: `${type} map F, line 251: IF inside IF: expected at most 250 levels`,
      }),
    )
  })

  it('parentheses may be in parentheses to a limit', () => {
    const pattern = (levels: number) => `/${'('.repeat(levels)}a${')'.repeat(levels)}/ x\n`
    expect(open(openType, pattern(250)).table.lookup('a')).toBe('x')
    const { table, warnings } = open(openType, `${pattern(20_000)}/./ next`)
    expect(table.lookup('a')).toBe('next')
    expect(warnings).toHaveLength(1)
  })

  it.each([
    ['a bracket expression', `[${'ab'.repeat(32_000)}]`],
    ['choices', `(${'x|'.repeat(32_000)}a)`],
    ['options', 'x?'.repeat(32_000)],
    ['a literal', 'b'.repeat(65_536)],
    ['repeated repetitions', `a${'{1}'.repeat(20_000)}`],
    ['more than 65,536 bytes', 'a|'.repeat(32_769)],
  ])('a pattern may be large, or is skipped: %s', (_what, pattern) => {
    const { table, warnings } = open(openType, `/${pattern}/ x\nif !/${pattern}/\n/./ x\nendif\n`)
    const skipped = warnings.filter((text) =>
      /too big|not follow a repeatable|ENDIF without/.test(text),
    )
    expect(skipped).toEqual(warnings)
    try {
      expect(['x', undefined]).toContain(table.lookup('a'))
    } catch (error) {
      expect(error).toMatchObject({ message: expect.stringContaining('match limit exceeded') })
    }
  })

  it('the rules behind an IF with a pattern too big never apply', () => {
    const { table } = open(openType, `if !/${'b'.repeat(65_537)}/\n/./ x\nendif\n/./ next\n`)
    expect(table.lookup('a')).toBe('next')
  })

  it('a RegExp and the search that counts its steps agree', () => {
    const item = fc
      .tuple(
        fc.constantFrom('a', 'b', '[ab]', '(a|b)', '(a|ab)', '.', '(ba?)', '^', '$'),
        fc.constantFrom('', '', '*', '+', '?', '{1,2}'),
      )
      .map(([atom, repeat]) => (/[$^]/.test(atom) ? atom : atom + repeat))
    const pattern = fc.array(item, { minLength: 1, maxLength: 5 }).map((items) => items.join(''))
    const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(pattern, fc.array(key, { minLength: 1, maxLength: 4 }), (text, keys) => {
        const { table } = open(openType, `/${text}/ x\n`)
        // No RegExp is made of a reference.
        const { table: counted } = open(openType, `/()\\1(${text})/ x\n`)
        for (const each of keys) expect(counted.lookup(each)).toBe(table.lookup(each))
      }),
    )
  })
})

it('G-60: a line with long runs of blanks is read in no time', () => {
  const { table } = open(openPcreTable, `/a/ x${' '.repeat(300_000)}y${' '.repeat(300_000)}\n`)
  expect(table.lookup('a')).toHaveLength(300_002)
})
