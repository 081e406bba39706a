import { trimBlanksEnd, trimBlanksStart } from './blanks.ts'
import { foldKey } from './fold-key.ts'
import { logicalLines } from './logical-lines.ts'
import { keyEnd } from './quoted-key.ts'
import type { LookupTable } from './table.ts'
import { readTableFile } from './table-file.ts'
import type { TableContext, TableEnvironment } from './table-type.ts'

/**
 * Opens `texthash:/path`: a file of lines `key value`, read whole and kept in memory (G-57). Lines
 * that are wrong are left out, with a warning; of two lines with one key the first counts.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openTexthashTable(path: string, { environment }: TableContext): LookupTable {
  const file = readTableFile(path, `texthash:${path}`, environment, (failed, why) =>
    failed === 'open' ? `open database ${path}: ${why}` : `read ${path}: ${why}`,
  )
  const entries = parseEntries(file.text, path, environment)
  return {
    kind: 'fixed',
    lookup: (key) => entries.get(foldKey(key, environment.smtputf8)),
    hasChanged: file.hasChanged,
  }
}

function parseEntries(
  source: string,
  path: string,
  { smtputf8, warn }: TableEnvironment,
): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const { text, line } of logicalLines(source, path, warn)) {
    const ignore = (problem: string): void =>
      warn(`${path}, line ${line}: ${problem} -- ignoring this line`)
    if (smtputf8 && !text.isWellFormed()) {
      ignore(`non-UTF-8 input "${trimBlanksEnd(text)}"`)
      continue
    }
    const entry = trimBlanksEnd(text)
    const end = keyEnd(entry, false)
    const value = end === undefined ? '' : trimBlanksStart(entry.slice(end))
    if (end === undefined) ignore(`unbalanced '"' in '${text}'`)
    else if (end === 0 || value === '') ignore('expected format: key whitespace value')
    else addEntry(entry.slice(0, end), value, line)
  }
  return entries

  function addEntry(key: string, value: string, line: number): void {
    if (key.endsWith(':')) {
      const hint = 'record is in "key: value" format; is this an alias file?'
      warn(`${path}, line ${line}: ${hint}`)
    }
    const folded = foldKey(key, smtputf8)
    if (entries.has(folded)) warn(`${path}, line ${line}: duplicate entry: "${key}"`)
    else entries.set(folded, value)
  }
}
