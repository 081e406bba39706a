import { insideBraces } from './braced-text.ts'
import { LookupTableError } from './errors.ts'
import { andThen, type Later } from './later.ts'
import { splitItems } from './split-items.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

type Value = string | undefined

/**
 * Opens `unionmap:{type:name, …}`: the results of all tables that have one, joined by `,` (G-62).
 * As in Postfix, an empty result before all others is none.
 * The tables are asked one after the other, and an error in one ends it: a promise only if one of
 * them gives a promise.
 *
 * @throws {LookupTableError} `unavailable`, and what opening a member throws
 */
export function openUnionTable(name: string, context: TableContext): LookupTable {
  return composedTable('unionmap', name, context, (tables, key) => {
    const ask = (at: number, union: string): Later<Value> => {
      const table = tables[at]
      if (table === undefined) return union === '' ? undefined : union
      return andThen(table.lookup(key), (value) => {
        if (value === undefined) return ask(at + 1, union)
        return ask(at + 1, union === '' ? value : `${union},${value}`)
      })
    }
    return ask(0, '')
  })
}

/**
 * Opens `pipemap:{type:name, …}`: the result of each table is the key of the next (G-62). It ends,
 * without a result, at the first table that has none. A promise only if a table gives one.
 *
 * @throws {LookupTableError} `unavailable`, and what opening a member throws
 */
export function openPipeTable(name: string, context: TableContext): LookupTable {
  return composedTable('pipemap', name, context, (tables, key) => {
    const ask = (at: number, value: Value): Later<Value> => {
      const table = tables[at]
      if (table === undefined || value === undefined) return value
      return andThen(table.lookup(value), (next) => ask(at + 1, next))
    }
    return ask(0, key)
  })
}

function composedTable(
  type: 'unionmap' | 'pipemap',
  name: string,
  { openMember }: TableContext,
  lookup: (tables: readonly LookupTable[], key: string) => Later<Value>,
): LookupTable {
  const inside = insideBraces(name)
  const members = inside === undefined ? [] : splitItems(inside)
  if (members.length === 0 || members.some(({ text }) => !text.includes(':'))) {
    const item = `${type}:${name}`
    const reason = `bad syntax: "${item}"; need "${type}:{type:name...}"`
    throw new LookupTableError('unavailable', { item, reason })
  }
  const tables: LookupTable[] = []
  const close = (): void => {
    for (const table of tables) table.close?.()
  }
  try {
    for (const { text } of members) tables.push(openMember(text))
  } catch (error) {
    close()
    throw error
  }
  return {
    kind: tables[0]!.kind,
    lookup: (key) => lookup(tables, key),
    hasChanged: () => tables.some((table) => table.hasChanged?.() ?? false),
    close,
  }
}
