import { foldKey } from './fold-key.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

/**
 * Opens `environ:name`, with any name: environment variables (G-50). Keys are folded as for every
 * fixed table, so variables with a capital letter cannot be reached, as in Postfix.
 */
export function openEnvironTable(_name: string, { environment }: TableContext): LookupTable {
  const { variables, smtputf8 } = environment
  return {
    kind: 'fixed',
    lookup(key) {
      const variable = foldKey(key, smtputf8)
      return Object.hasOwn(variables, variable) ? variables[variable] : undefined
    },
  }
}
