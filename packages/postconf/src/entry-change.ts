import type { EditAction } from './command-line.ts'
import { assignmentOf } from './edit-main.ts'
import { usageError } from './errors.ts'
import { checkField } from './field-check.ts'
import { FIELDS, type Field, type MasterEntry, parseCommandField } from './master-entry.ts'
import { isAnyName, parseFullServicePattern, type ServicePattern } from './service-pattern.ts'
import { checkFieldName } from './show-master.ts'

/** One change of a field or parameter. */
export interface EntryChange {
  /** As on the command line. */
  readonly text: string
  readonly pattern: ServicePattern
  readonly change: (entry: MasterEntry) => MasterEntry
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

const WHITE_SPACE = /[ \t\v\f\r]/

/**
 * Reads `service/type/field=value`, `service/type/parameter=value` or, to remove one,
 * `service/type/parameter`.
 *
 * @throws {PostconfError}
 */
export function parseEntryChange(mode: 'F' | 'P', action: EditAction, text: string): EntryChange {
  const [path, value] = action === 'set' ? assignmentOf(text) : [text, undefined]
  return mode === 'F' ? fieldChange(text, path, value ?? '') : parameterChange(text, path, value)
}

/** The entry, changed. */
export function changeEntry(entry: MasterEntry, { change }: EntryChange): MasterEntry {
  return change(entry)
}

function fieldChange(text: string, path: string, value: string): EntryChange {
  const usage = '-Fe or -FX requires service_name/type/field_name'
  const pattern = parseFullServicePattern(path, 3, usage)
  if (isAnyName(pattern)) throw usageError('-Fe does not accept wild-card field name')
  checkFieldName(pattern)
  const field = pattern.name as Field // It was just checked.
  if (field === 'command') return commandChange(text, pattern, value)
  if (WHITE_SPACE.test(value)) {
    throw usageError('-Fe does not accept whitespace in non-command field')
  }
  checkField(field, value, value)
  const at = FIELDS.indexOf(field)
  const change = (entry: MasterEntry) => ({ ...entry, columns: entry.columns.with(at, value) })
  return { text, pattern, change, warnings: [] }
}

function commandChange(text: string, pattern: ServicePattern, value: string): EntryChange {
  checkField('command', value, value)
  const { command, args, optionCount, warnings } = parseCommandField(value)
  const change = ({ columns }: MasterEntry) => ({
    ...{ columns: columns.with(-1, command), args, optionCount },
  })
  return { text, pattern, change, warnings }
}

function parameterChange(text: string, path: string, value: string | undefined): EntryChange {
  const usage = '-Pe or -PX requires service_name/type/parameter'
  const pattern = parseFullServicePattern(path, 3, usage)
  if (isAnyName(pattern)) throw usageError('-Pe does not accept wild-card parameter name')
  if (value !== undefined && WHITE_SPACE.test(value)) {
    throw usageError('-Pe does not accept whitespace in parameter value')
  }
  const change = (entry: MasterEntry) => withParameter(entry, pattern.name, value)
  return { text, pattern, change, warnings: [] }
}

/** With every `-o` of that name set, or one more behind the options; undefined: with none. */
function withParameter(entry: MasterEntry, name: string, value: string | undefined): MasterEntry {
  const options: string[] = []
  let isThere = false
  for (let at = 0; at < entry.optionCount; at++) {
    const option = entry.args[at]!
    if (option !== '-o' || at + 1 === entry.optionCount) {
      options.push(option)
      continue
    }
    const text = entry.args[++at]!
    const isOfName = text.startsWith(`${name}=`)
    if (!isOfName) options.push('-o', text)
    else if (value !== undefined) options.push('-o', `${name}=${value}`)
    if (isOfName) isThere = true
  }
  if (!isThere && value !== undefined) options.push('-o', `${name}=${value}`)
  const args = [...options, ...entry.args.slice(entry.optionCount)]
  return { columns: entry.columns, args, optionCount: options.length }
}
