import { decodeAddress } from '@posthouse/mail-address'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/main-cf.json' with { type: 'json' }
import { ConfigError, parseMainCf } from './index.ts'

const FILE = 'CONF/main.cf'

describe('parseMainCf', () => {
  it.each(vectors.cases)('G-5 to G-10, vector: $name', ({ text, values, warnings, fatal }) => {
    if (fatal !== null) {
      expect(() => parseMainCf(text, FILE)).toThrow(
        expect.objectContaining({ code: 'syntax', message: fatal, file: FILE, line: 3 }),
      )
      return
    }
    const mainCf = parseMainCf(text, FILE)
    expect(mainCf.warnings).toEqual(warnings)
    for (const [name, value] of Object.entries(values ?? {})) {
      expect(mainCf.entries.get(name)?.value.replace(/\s+/g, ' ')).toBe(value)
    }
  })

  it('G-5: keeps the leading blanks of a continuation', () => {
    expect(valueOfA('a = one\n   two\n\tthree')).toBe('one   two\tthree')
  })

  it('G-6: skips comments and empty lines between a line and its continuation', () => {
    expect(valueOfA('a = one\n# note\n\n \t\n  # note\n two')).toBe('one two')
  })

  it('G-7: quotes 30 bytes of a first line that is a continuation, and drops all of it', () => {
    const mainCf = parseMainCf('  x = y\n  # c\n\n  more text here and on\na=1\n', FILE)
    expect(mainCf.warnings).toEqual([
      `${FILE}: logical line must not start with whitespace: "  x = y  more text here and on"`,
    ])
    expect([...mainCf.entries.keys()]).toEqual(['a'])
    const longer = parseMainCf(`  ${'x'.repeat(40)}\n`, FILE)
    expect(longer.warnings[0]).toMatch(/" {2}x{28}\.\.\."$/)
  })

  it('G-8: names the first physical line, and what is missing', () => {
    expect(() => parseMainCf('# c\na = 1\nb c \t\n  d   \n', FILE)).toThrow(
      `${FILE}, line 3: missing '=' after attribute name: "b c \t  d   "`,
    )
    expect(() => parseMainCf('= x\n', FILE)).toThrow(
      `${FILE}, line 1: missing attribute name: "= x"`,
    )
  })

  it('G-8: cuts off what follows a zero byte, continuation lines too, and warns', () => {
    const mainCf = parseMainCf('a = 1\0x\n  y\n# c\0\nb = 2\n', FILE)
    expect(mainCf.warnings).toEqual([`${FILE}, line 1: text after null byte may be ignored`])
    expect([...mainCf.entries.values()].map(({ value }) => value)).toEqual(['1', '2'])
    expect(() => parseMainCf('a = 1\n\0b = 2\n', FILE)).toThrow(
      `${FILE}, line 2: missing attribute name: ""`,
    )
  })

  it('G-9: keeps the last of equal names, and its line', () => {
    const { entries } = parseMainCf('a = 1\nb = 2\na = 3\n', FILE)
    expect(entries.get('a')).toEqual({ name: 'a', value: '3', line: 3 })
  })

  it('G-10: does not expand, and takes only ASCII white space from the ends', () => {
    expect(valueOfA('a = $b ')).toBe('$b')
    expect(valueOfA('a = \u00a0x\u00a0')).toBe('\u00a0x\u00a0')
  })

  it('reads any text, or throws ConfigError', () => {
    const text = fc.oneof(fc.uint8Array({ maxLength: 80 }).map(decodeAddress), lines())
    fc.assert(
      fc.property(text, (source) => {
        try {
          for (const entry of parseMainCf(source, FILE).entries.values()) {
            expect(entry.name).not.toMatch(/^$|[\s=]/)
          }
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          expect(error.line).toBeGreaterThan(0)
        }
      }),
    )
  })
})

function lines(): fc.Arbitrary<string> {
  const piece = fc.constantFrom('a', '=', ' ', '\t', '#', '\n', '\r\n', '\0', '$a', '{', '}')
  return fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
}

function valueOfA(text: string): string | undefined {
  return parseMainCf(text, FILE).entries.get('a')?.value
}
