import { ConfigError } from './errors.ts'
import { readLogicalLines } from './logical-line.ts'
import { trimWhiteSpace } from './white-space.ts'

/** One `name = value` of main.cf. */
export interface MainCfEntry {
  readonly name: string
  /** As written: not expanded, white space at both ends removed (G-10). */
  readonly value: string
  /** First physical line, from 1. */
  readonly line: number
}

/** What main.cf says. */
export interface MainCf {
  /** Path, for messages. */
  readonly file: string
  /** By name, in order of first appearance; of a repeated name the last entry. */
  readonly entries: ReadonlyMap<string, MainCfEntry>
  /** Texts without the word `warning`: G-7, G-9. */
  readonly warnings: readonly string[]
}

const ENTRY = /^([^ \t\n\v\f\r=]*)[ \t\n\v\f\r]*(=)?(.*)$/s

/**
 * Reads main.cf, rules G-5 to G-10. Names are not checked: see {@link unusedParameters}.
 *
 * @param text Decoded with `decodeAddress` of `@posthouse/mail-address` where it came from a file,
 * so that bytes which are not UTF-8 survive.
 * @param file Path for messages.
 * @throws {ConfigError} `syntax`
 */
export function parseMainCf(text: string, file: string): MainCf {
  const { lines, warnings } = readLogicalLines(text, file)
  const entries = new Map<string, MainCfEntry>()
  const notes = [...warnings]
  for (const { text: entryText, line } of lines) {
    const where = `${file}, line ${line}`
    const parsed = parseAssignment(entryText)
    if (typeof parsed === 'string') {
      const message = `${where}: ${parsed}: "${entryText}"`
      const expected = 'name = value'
      throw new ConfigError('syntax', message, {
        ...{ file, line, value: entryText, expected, warnings: notes },
      })
    }
    const [name, value] = parsed
    const earlier = entries.get(name)
    if (earlier !== undefined && earlier.value !== value) {
      notes.push(`${where}: overriding earlier entry: ${name}=${earlier.value}`)
    }
    entries.set(name, { name, value, line })
  }
  return { file, entries, warnings: notes }
}

/**
 * Splits `name = value` (G-8), which is also the form of `-o` (G-33).
 *
 * @returns name and value, or what is missing.
 */
export function parseAssignment(text: string): readonly [name: string, value: string] | string {
  const [, name = '', equals, rest = ''] = ENTRY.exec(text) ?? []
  if (name === '') return 'missing attribute name'
  if (equals === undefined) return "missing '=' after attribute name"
  return [name, trimWhiteSpace(rest)]
}
