import { trimBlanksEnd, trimBlanksStart } from './blanks.ts'
import { insideBraces, unbrace } from './braced-text.ts'
import { LookupTableError } from './errors.ts'
import { foldKey } from './fold-key.ts'
import { keyEnd } from './quoted-key.ts'
import { splitItems } from './split-items.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

/**
 * Opens `inline:{name=value, {name = value with blanks}}`: G-61. Of two entries with one name the
 * last counts.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openInlineTable(name: string, { environment }: TableContext): LookupTable {
  const { smtputf8 } = environment
  const inside = insideBraces(name)
  if (inside === undefined) throw inlineError('bad syntax', name)
  if (smtputf8 && !name.isWellFormed()) throw inlineError('bad UTF-8 syntax', name)
  const entries = new Map<string, string>()
  for (const { text } of splitItems(inside)) {
    const [key, value] = parseEntry(text, name)
    entries.set(foldKey(key, smtputf8), value)
  }
  if (entries.size === 0) throw inlineError('empty table', name)
  return { kind: 'fixed', lookup: (key) => entries.get(foldKey(key, smtputf8)) }
}

function parseEntry(item: string, name: string): [key: string, value: string] {
  let entry = item
  if (item.startsWith('{')) {
    const braced = unbrace(item)
    if (braced.kind === 'problem') throw inlineError(braced.reason, name)
    entry = braced.text
  }
  if (entry === '') throw inlineError('no key found; expected format: key = value', name)
  const end = keyEnd(entry, true)
  if (end === undefined) throw inlineError(`unbalanced '"'`, name)
  const rest = trimBlanksStart(entry.slice(end))
  if (!rest.startsWith('=')) throw inlineError("missing '=' after attribute name", name)
  return [entry.slice(0, end), trimBlanksEnd(trimBlanksStart(rest.slice(1)))]
}

function inlineError(problem: string, name: string): LookupTableError {
  const reason = `${problem}: "inline:${name}"; need "inline:{name=value...}"`
  return new LookupTableError('unavailable', { item: `inline:${name}`, reason })
}
