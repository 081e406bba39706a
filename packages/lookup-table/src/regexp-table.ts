import { isToggled, type PatternLanguage } from './pattern-rules.ts'
import { openPatternTable } from './pattern-table.ts'
import { parsePosixPattern } from './posix-pattern.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

const LANGUAGE: PatternLanguage = {
  type: 'regexp',
  // Flags toggle, and `i` and `x` are on at first.
  parse: (pattern, flags) =>
    parsePosixPattern(pattern, {
      caseless: !isToggled(flags, 'i'),
      extended: !isToggled(flags, 'x'),
      multiline: isToggled(flags, 'm'),
    }),
  flags: 'imx',
  obsoleteFlags: '',
  hasExceptions: true,
  unclosedText: 'skipping this rule',
  zeroText: 'out-of-range',
}

/**
 * Opens `regexp:/path` or `regexp:{ {rule}, … }`: regexp_table(5), G-60.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openRegexpTable(name: string, context: TableContext): LookupTable {
  return openPatternTable(LANGUAGE, name, context)
}
