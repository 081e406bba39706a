import type { AssignmentStyle } from './assignment-text.ts'
import { FIELDS, type Field, type MasterEntry } from './master-entry.ts'
import { commandText } from './master-text.ts'
import { identityOf } from './service-pattern.ts'

/** `service/type/field = value` (`-F`). */
export function fieldText(entry: MasterEntry, field: Field, style: AssignmentStyle): string {
  const name = `${identityOf(entry).join('/')}/${field}`
  if (style.parts === 'names') return name
  const start = style.parts === 'values' ? '' : `${name} = `
  if (field === 'command') return commandText(start, entry, style)
  return `${start}${entry.columns[FIELDS.indexOf(field)]}`
}

/** Every field of a service by its name. */
export function fieldsOf(entry: MasterEntry): Record<Field, string> {
  const texts = entry.columns.with(-1, commandText('', entry, { isFolded: false }))
  return Object.fromEntries(FIELDS.map((field, at) => [field, texts[at]!])) as Record<Field, string>
}
