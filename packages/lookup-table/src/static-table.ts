import { unbrace } from './braced-text.ts'
import { LookupTableError } from './errors.ts'
import type { LookupTable } from './table.ts'

/**
 * Opens `static:text` or `static:{text with blanks}`: the text is the value of every key (G-50).
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openStaticTable(name: string): LookupTable {
  const value = name.startsWith('{') ? unbracedText(name) : name
  return { kind: 'fixed', lookup: () => value }
}

function unbracedText(name: string): string {
  const braced = unbrace(name)
  if (braced.kind === 'inside') return braced.text
  const reason = `bad static:name syntax: ${braced.reason}`
  throw new LookupTableError('unavailable', { item: `static:${name}`, reason })
}
