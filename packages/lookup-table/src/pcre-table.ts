import { isToggled, type PatternLanguage } from './pattern-rules.ts'
import { openPatternTable } from './pattern-table.ts'
import { parsePerlPattern } from './perl-pattern.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

const LANGUAGE: PatternLanguage = {
  type: 'pcre',
  // Flags toggle, and `i` and `s` are on at first.
  parse: (pattern, flags) =>
    parsePerlPattern(pattern, {
      caseless: !isToggled(flags, 'i'),
      dotAll: !isToggled(flags, 's'),
      multiline: isToggled(flags, 'm'),
      extended: isToggled(flags, 'x') ? 'x' : 'no',
      anchored: isToggled(flags, 'A'),
      dollarEndOnly: isToggled(flags, 'E'),
      ungreedy: isToggled(flags, 'U'),
      noCapture: false,
    }),
  flags: 'imsxAEU',
  obsoleteFlags: 'X',
  hasExceptions: false,
  unclosedText: 'ignoring this rule',
  zeroText: 'out of range',
}

/**
 * Opens `pcre:/path` or `pcre:{ {rule}, … }`: pcre_table(5), G-60.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openPcreTable(name: string, context: TableContext): LookupTable {
  return openPatternTable(LANGUAGE, name, context)
}
