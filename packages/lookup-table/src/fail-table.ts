import { LookupTableError } from './errors.ts'
import type { LookupTable } from './table.ts'

/** Opens `fail:text`: every lookup fails (G-50). For tests of what then happens. */
export function openFailTable(name: string): LookupTable {
  const item = `fail:${name}`
  return {
    kind: 'pattern',
    lookup() {
      const reason = `${item} lookup error`
      throw new LookupTableError('lookup-failed', { item, reason, warnings: [] })
    },
  }
}
