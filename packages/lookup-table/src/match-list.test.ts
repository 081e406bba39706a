import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LookupTableError, type MatchList, parseMatchList } from './index.ts'

describe('parseMatchList', () => {
  it.each([
    ['a,b c\td\r\ne,, ,f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['!a !!b !!!c', ['!a', 'b', '!c']],
    ['Host.Example [2001:DB8::1]', ['host.example', '[2001:db8::1]']],
    ['{a, b} c{d e}f }g {h i', ['{a, b}', 'c{d e}f', '}g', '{h i']],
    ['a #b c', ['a']],
    ['a#b !#c', ['a#b', '!#c']],
  ])('G-24, Q-308: splits %j', (text, expected) => {
    expect(literals(parse(text))).toEqual(expected)
  })

  it('Q-308: replaces a file by its items, line by line', () => {
    const files = {
      '/list': '# comment, {\na {b c}\n d,e\n\n{f\ng}\n!/more h\r\n',
      '/more': 'i !j\n#k\n #l\nm',
    }
    const list = parse('/list, !/more', files)
    const more = ['!i', 'j', '!m']
    expect(literals(list)).toEqual(['a', '{b c}', 'd', 'e', '{f', 'g}', ...more, 'h', ...more])
    expect(list.problems.map(({ text }) => text)).toEqual(
      Array(2).fill('test: comment at end of line is not supported: #l'),
    )
  })

  it.each(['!', 'a, !', '!!', '! a', '/list'])("G-65: %j: no pattern after '!'", (text) => {
    const failure = expect.objectContaining({
      code: 'no-pattern',
      message: "test: no pattern after '!'",
    })
    expect(() => parse(text, { '/list': 'a\n!' })).toThrow(failure)
  })

  it('G-50: hands the table name on as it is written, braces and all', () => {
    const opened: string[][] = []
    const openTable = (...args: [string, string]) => {
      opened.push(args)
      return { kind: 'fixed' as const, lookup: () => undefined }
    }
    const text = 'inline:{ {A=b} {c = d}}, !cidr:/etc/X proxy:hash:/x'
    const { items } = parseMatchList(text, { name: 'test', openTable })
    expect(opened).toEqual([
      ['inline', '{ {A=b} {c = d}}'],
      ['cidr', '/etc/X'],
      ['proxy', 'hash:/x'],
    ])
    expect(items.map(({ kind, negated }) => [kind, negated])).toEqual([
      ['table', false],
      ['table', true],
      ['table', false],
    ])
  })

  it.each([
    ['once', '/self a', 16],
    ['twice', '/self /self a', 1000],
  ])('ends when a file includes itself %s', (_, content, copies) => {
    const list = parse('/self', { '/self': content })
    expect(literals(list).length).toBeGreaterThan(copies / 2)
    expect(literals(list).length).toBeLessThanOrEqual(copies)
    expect(list.items[0]).toMatchObject({
      kind: 'broken',
      error: { code: 'unavailable', message: 'test: open file /self: more than 16 files deep' },
    })
  })

  it('reads real files when given no other way', () => {
    const directory = mkdtempSync(join(tmpdir(), 'lookup-table-'))
    try {
      writeFileSync(join(directory, 'list'), 'a\nb\n')
      const text = `${directory}/list ${directory} ${directory}/none`
      const list = parseMatchList(text, { name: 'test' })
      expect(literals(list)).toEqual(['a', 'b'])
      expect(list.problems.map((problem) => problem.text)).toEqual([
        `read file ${directory}: Is a directory`,
        `open file ${directory}/none: No such file or directory`,
      ])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('never throws but its own error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'!{}/:,# \na') }), (text) => {
        try {
          parse(text, { '/a': text })
        } catch (error) {
          expect(error).toBeInstanceOf(LookupTableError)
        }
      }),
      { numRuns: 200 },
    )
  })
})

function parse(text: string, files: Record<string, string> = {}): MatchList {
  const readFile = (path: string) => {
    const content = files[path]
    if (content === undefined) throw new Error(`there is no ${path}`)
    return content
  }
  return parseMatchList(text, { name: 'test', readFile })
}

function literals(list: MatchList): string[] {
  return list.items.flatMap((item) =>
    item.kind === 'literal' ? [`${item.negated ? '!' : ''}${item.text}`] : [],
  )
}
