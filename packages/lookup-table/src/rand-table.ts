import { insideBraces } from './braced-text.ts'
import { LookupTableError } from './errors.ts'
import { splitItems } from './split-items.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

/**
 * Opens `randmap:{text, …}`: one of the texts, whatever the key (G-62).
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openRandTable(name: string, { environment }: TableContext): LookupTable {
  const inside = insideBraces(name)
  const values = inside === undefined ? [] : splitItems(inside)
  if (values.length === 0) {
    const item = `randmap:${name}`
    const reason = `bad syntax: "${item}"; need "randmap:{value...}"`
    throw new LookupTableError('unavailable', { item, reason })
  }
  return {
    kind: 'pattern',
    lookup: () => values[Math.floor(environment.random() * values.length)]?.text,
  }
}
