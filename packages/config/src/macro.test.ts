// biome-ignore-all lint/suspicious/noTemplateCurlyInString: macros of main.cf look like that.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/macros.json' with { type: 'json' }
import { ConfigError, expandMacros } from './index.ts'

const DEFINITIONS: Readonly<Record<string, string>> = { a: 'A', b: '5', c: '' }
const NAMES_IN_ORDER = Array.from({ length: 300 }, (_, index) => `n${index}`)

describe('expandMacros', () => {
  it.each(vectors.cases)('G-11 to G-14, vector: $text', ({ text, result, warnings }) => {
    const outcome = expand(text)
    expect(outcome.warnings).toEqual(warnings)
    // The program that recorded them prints each run of white space as one blank, none in front.
    expect(outcome.result?.replace(/\s+/g, ' ').trimStart() ?? null).toBe(result)
  })

  it.each([
    ['$$$$a', '$$a'],
    ['${ a }', 'A'],
    ['$(a?(x))', '(x)'],
    ['$({$b}=={5})', 'true'],
    ['$(a?x{y)z}', 'x{yz}'],
    ['${a?x:y}', 'x:y'],
    ['${a? x }', ' x '],
    ['${{1}=={2}:{x}}', 'x'],
    ['${{-1}=={-01}}', ''],
    ['${{99999999999999999999}>{99999999999999999998}}', 'true'],
    ['${{1}==level{1.0.0}}', 'true'],
    ['${domain_to_ascii{$a}}', 'a'],
    ['$undefined${undefined}', ''],
  ])('G-11, G-12: %s gives %j', (text, result) => {
    expect(expand(text)).toEqual({ result, warnings: [] })
  })

  it.each([
    ['x$-', 'empty macro name: "x$-"'],
    ['$á', 'empty macro name: "$á"'],
    ['xy${a', 'truncated macro reference: "xy${a"'],
    ['$(a}', 'truncated macro reference: "$(a}"'],
    ['${-}', 'attribute name syntax error at: "...>>>-"'],
    ['${a{x}}', 'attribute name syntax error at: "...a>>>{x}"'],
    ['${a?{long text}y z}', '":" expected at: "...long text}>>>y z"'],
    ['${c:{x}:{y}}', 'unexpected input at: "...x}>>>:{y}"'],
    ['${{long l} == x{2}}', '"{expression}" expected at: "...{long l} ==>>> x{2}"'],
    ['${{1} ==levelx {1}}', 'bad operator suffix at: "...==>>>levelx"'],
    ['${{1} <= {1}zz}', '"?" or ":" expected at: "...}>>>zz"'],
    ['${{x} ==level {1}}', 'malformed compatibility level syntax: "x"'],
    ['$(a?{x)})', 'unbalanced {} in attribute expression: "{x"'],
  ])('G-14: %s is an error', (text, warning) => {
    expect(expand(text)).toEqual({ result: undefined, warnings: [warning] })
  })

  it('G-13: 101 names may refer to each other, the 102nd may not', () => {
    const chain = (length: number) => (name: string) => {
      const index = NAMES_IN_ORDER.indexOf(name) + 1
      return index > 0 && index < length ? `$n${index}` : undefined
    }
    expect(expandMacros('$n0', chain(101))).toBe('')
    expect(() => expandMacros('$n0', chain(102))).toThrow(
      expect.objectContaining({ warnings: ['unreasonable macro call nesting: "n101"'] }),
    )
  })

  it('G-13: a name that refers to itself is an error, however often', () => {
    expect(() => expandMacros('$a', () => '$a$a$a')).toThrow(
      expect.objectContaining({ warnings: ['unreasonable macro call nesting: "a"'] }),
    )
  })

  it('G-13: nesting inside one value counts as well', () => {
    const nested = (depth: number) => `${'${a?{'.repeat(depth)}x${'}}'.repeat(depth)}`
    expect(expand(nested(100)).result).toBe('x')
    expect(expand(nested(106)).warnings).toEqual([
      'unreasonable macro call nesting: "a?{${a?{${a?{${a?{${a?{x}}}}}}}}}"',
    ])
  })

  it('refuses values that grow without end', () => {
    const lookup = (name: string) => {
      const next = `$n${NAMES_IN_ORDER.indexOf(name) + 1}`
      return name === 'n60' ? 'x' : next + next
    }
    expect(() => expandMacros('$n0', lookup)).toThrow(ConfigError)
  })

  it('gives a text or a ConfigError for any text', () => {
    const piece = fc.constantFrom(...'${}()?:=<>! ab1_-', '$a', '${a', '{1}', '==', 'level', 'é')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { result, warnings } = expand(pieces.join(''))
        expect(warnings.length).toBe(result === undefined ? 1 : 0)
      }),
      { numRuns: 200 },
    )
  })

  it('tells of names that nothing sets where they are inserted, not where asked for', () => {
    const names: string[] = []
    const text = '$one ${two} ${three?x} ${four:$five} ${empty} ${empty?$six} $one'
    const lookup = (name: string) => (name === 'empty' ? '' : undefined)
    expect(expandMacros(text, lookup, (name) => names.push(name))).toBe('      ')
    expect(names).toEqual(['one', 'two', 'five', 'one'])
  })
})

function expand(text: string): { result: string | undefined; warnings: readonly string[] } {
  try {
    return { result: expandMacros(text, (name) => DEFINITIONS[name]), warnings: [] }
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'macro') throw error
    expect(error.message).toBe('macro processing error')
    return { result: undefined, warnings: error.warnings }
  }
}
