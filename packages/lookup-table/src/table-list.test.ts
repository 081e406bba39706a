import { describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import { TableList, type TableListOptions } from './table-list.ts'

const MISSING = 'open database /nonexistent: No such file or directory'

function open(text: string, options: Partial<TableListOptions> = {}) {
  const warnings: string[] = []
  const clock = { now: () => 0, after: () => () => undefined }
  const { environment } = tableContext(clock, warnings)
  const list = new TableList(text, { name: 'virtual_alias_maps', environment, ...options })
  return { list, warnings }
}

describe('TableList', () => {
  it('G-54: the first table that has the key decides', () => {
    const { list } = open('inline:{a=1}, regexp:{{/^b$/ 2}}\n static:{3 4} fail:x')
    expect(['a', 'b', 'c'].map((key) => list.lookup(key))).toEqual(['1', '2', '3 4'])
  })

  it('G-55: fixed tables can be asked alone', () => {
    const { list } = open('regexp:{{/./ pattern}} inline:{a=fixed}')
    expect(list.lookup('a')).toBe('pattern')
    expect(list.lookup('a', 'fixed')).toBe('fixed')
    const { list: patterns } = open('pcre:{{/./ x}}')
    expect([patterns.has('all'), patterns.has('fixed')]).toEqual([true, false])
  })

  it('without tables, has no key', () => {
    const { list } = open(' , ')
    expect([list.has('all'), list.lookup('a'), list.problems]).toEqual([false, undefined, []])
  })

  it('G-53: the empty key is not looked up', () => {
    expect(open('fail:x').list.lookup('')).toBeUndefined()
  })

  it('G-54: an error ends the search', () => {
    const { list, warnings } = open('inline:{a=1} fail:x static:y')
    expect(list.lookup('a')).toBe('1')
    const text = 'fail:x lookup error for "b"'
    expect(() => list.lookup('b')).toThrow(
      expect.objectContaining({
        code: 'lookup-failed',
        list: 'virtual_alias_maps',
        item: 'fail:x',
        message: `virtual_alias_maps: ${text}`,
        warnings: [text],
      }),
    )
    expect(warnings).toEqual([])
  })

  it('G-54: an empty result is an error', () => {
    const { list } = open('inline:{a=} static:y')
    expect(() => list.lookup('a')).toThrow(
      expect.objectContaining({
        code: 'lookup-failed',
        item: 'inline:{a=}',
        warnings: [
          'virtual_alias_maps lookup of a returns an empty string result',
          'virtual_alias_maps should return NO RESULT in case of NOT FOUND',
        ],
      }),
    )
  })

  it('G-51: a table that cannot be opened is told of once and fails when it is reached', () => {
    const { list, warnings } = open('inline:{a=1} texthash:/nonexistent')
    expect(list.problems).toEqual([{ severity: 'error', text: MISSING }])
    expect(list.lookup('a')).toBe('1')
    const text = 'texthash:/nonexistent lookup error for "b"'
    expect(() => list.lookup('b')).toThrow(expect.objectContaining({ warnings: [text] }))
    expect(warnings).toEqual([`texthash:/nonexistent is unavailable. ${MISSING}`])
  })

  it('G-51: with daemon_table_open_error_is_fatal it throws', () => {
    const openErrorIsFatal = true
    expect(() => open('texthash:/nonexistent', { openErrorIsFatal })).toThrow(MISSING)
  })

  it('G-50: a bare word is an error', () => {
    const text = 'open dictionary: expecting "type:name" form instead of "word"'
    expect(() => open('static:x word')).toThrow(expect.objectContaining({ message: text }))
  })

  it('G-60: results with $1 are refused where strangers could use them', () => {
    const tables = 'regexp:{{/^(a)$/ $1},{/^(b)$/ x}}'
    const { list, warnings } = open(tables, { purpose: { securitySensitive: true } })
    expect([list.lookup('a'), list.lookup('b')]).toEqual([undefined, 'x'])
    expect(warnings).toEqual([
      'regexp map {{/^(a)$/ $1},{/^(b)$/ x}}, line 1: ' +
        'regular expression substitution is not allowed: skipping this rule',
    ])
  })
})
