import {
  type LogicalLine,
  parseAssignment,
  readLogicalLines,
  splitColumns,
  unwrapBraces,
} from '@posthouse/config'

import { PostconfError } from './errors.ts'
import { checkField } from './field-check.ts'

/** The columns of master.cf by the names that `-F` has for them; `command` has the arguments. */
export const FIELDS = [
  'service',
  'type',
  'private',
  'unprivileged',
  'chroot',
  'wakeup',
  'process_limit',
  'command',
] as const
export type Field = (typeof FIELDS)[number]

/** One service of master.cf, as written: `-` is not replaced by a default. */
export interface MasterEntry {
  /** The eight columns, without arguments. */
  readonly columns: readonly string[]
  /** Arguments of the command in a regular form: braces removed, `-vo x` as `-v -o x`. */
  readonly args: readonly string[]
  /** How many of the arguments are options of the service, `-o` and its text counted as two. */
  readonly optionCount: number
}

/** Entries and what is wrong with their braces. */
export interface MasterEntries {
  readonly entries: readonly MasterEntry[]
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

const COMMAND = FIELDS.indexOf('command')
const WITH_OPTION_O = /^-([^o]*)o(.*)$/s

/**
 * Reads master.cf for showing it. Unlike `parseMasterCf` of `@posthouse/config` it keeps repeated
 * services and takes any command, as postconf(1) does.
 *
 * @throws {PostconfError} `file`: too few columns, or a column that cannot have its value.
 */
export function parseMasterEntries(text: string, file: string): MasterEntries {
  const { lines, warnings } = readLogicalLines(text, file)
  const all = [...warnings]
  const entries = lines.map((line) => {
    const parsed = parseMasterEntry(line.text, () => fieldCountError(file, line))
    all.push(...parsed.warnings)
    return parsed.entry
  })
  return { entries, warnings: all }
}

function fieldCountError(file: string, { line }: LogicalLine): PostconfError {
  return new PostconfError('file', `file ${file}: line ${line}: bad field count`)
}

/**
 * Reads one logical line.
 *
 * @param fieldCountError Makes the error for a line with fewer than eight columns.
 */
export function parseMasterEntry(
  text: string,
  fieldCountError: () => PostconfError,
): { readonly entry: MasterEntry; readonly warnings: readonly string[] } {
  const words = splitColumns(text)
  if (words.length < FIELDS.length) throw fieldCountError()
  const columns = words.slice(0, COMMAND)
  for (const [at, column] of columns.entries()) checkField(FIELDS[at]!, column, text)
  const { args, optionCount, warnings } = parseArguments(words.slice(FIELDS.length))
  return { entry: { columns: [...columns, words[COMMAND]!], args, optionCount }, warnings }
}

/** Splits the text of the field `command`. */
export function parseCommandField(text: string): {
  readonly command: string
  readonly args: readonly string[]
  readonly optionCount: number
  readonly warnings: readonly string[]
} {
  const words = splitColumns(`${'- '.repeat(COMMAND)}${text}`).slice(COMMAND)
  const [command = ''] = words
  return { command, ...parseArguments(words.slice(1)) }
}

/** The last value of each `-o name=value` of an entry, by name. */
export function parametersOf({ args, optionCount }: MasterEntry): Map<string, string> {
  const parameters = new Map<string, string>()
  for (let at = 0; at + 1 < optionCount; at++) {
    if (args[at] !== '-o') continue
    const parsed = parseAssignment(args[++at]!)
    if (typeof parsed !== 'string') parameters.set(...parsed)
  }
  return parameters
}

// Options end at the first argument without `-`, as for the programs that get them.
function parseArguments(words: readonly string[]): Omit<MasterEntry, 'columns'> & {
  readonly warnings: readonly string[]
} {
  const args: string[] = []
  const warnings: string[] = []
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at]!
    if (!word.startsWith('-') || word === '-' || word.startsWith('--')) break
    const [, others = '', rest = ''] = WITH_OPTION_O.exec(word) ?? []
    if (!word.includes('o')) args.push(word)
    else {
      if (others !== '') args.push(`-${others}`)
      args.push('-o')
      const text = rest === '' ? words[++at] : rest
      if (text !== undefined) args.push(optionText(text, warnings))
    }
  }
  const optionCount = args.length
  for (const word of words.slice(at)) args.push(unwrap(word, warnings))
  return { args, optionCount, warnings }
}

/** `{ name = value }` as `name=value`; anything else as it is. */
function optionText(text: string, warnings: string[]): string {
  if (!text.startsWith('{')) return text
  const inside = unwrap(text, warnings)
  const parsed = parseAssignment(inside)
  if (typeof parsed !== 'string') return `${parsed[0]}=${parsed[1]}`
  warnings.push(`master.cf: ${parsed}: "${inside}"`)
  return inside
}

function unwrap(word: string, warnings: string[]): string {
  const unwrapped = unwrapBraces(word)
  if ('text' in unwrapped) return unwrapped.text
  warnings.push(`master.cf: ${unwrapped.problem}`)
  return word.slice(1, /}/.test(word) ? word.lastIndexOf('}') : undefined).trim()
}
