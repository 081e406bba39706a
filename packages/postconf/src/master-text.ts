import { columnsOf, FoldedLine } from './fold-words.ts'
import type { MasterEntry } from './master-entry.ts'

// Where the columns start; the last one is the command.
const STARTS = [0, 11, 17, 25, 33, 41, 49, 57]
// One less than for main.cf, as in postconf(1).
const MAX_COLUMNS = 79
const WHITE_SPACE = /[ \t\n\v\f\r]/

/** How services are printed. */
export interface MasterStyle {
  /** `-f`: every `-o` on its own line, the other arguments within 79 columns. */
  readonly isFolded: boolean
}

/** An entry as a line of master.cf (G-49). */
export function masterText(entry: MasterEntry, style: MasterStyle): string {
  let line = ''
  let columns = 0
  for (const [at, column] of entry.columns.entries()) {
    const blanks = at === 0 ? 0 : Math.max(1, STARTS[at]! - columns)
    line += `${' '.repeat(blanks)}${column}`
    columns += blanks + columnsOf(column)
  }
  return withArguments(new FoldedLine(line, MAX_COLUMNS), entry, style)
}

/** The field `command`: the command and its arguments. */
export function commandText(start: string, entry: MasterEntry, style: MasterStyle): string {
  const command = entry.columns.at(-1)!
  if (!style.isFolded)
    return withArguments(new FoldedLine(`${start}${command}`, MAX_COLUMNS), entry, style)
  const line = new FoldedLine(start.trimEnd(), MAX_COLUMNS)
  line.append(command)
  return withArguments(line, entry, style)
}

function withArguments(line: FoldedLine, entry: MasterEntry, { isFolded }: MasterStyle): string {
  const { args, optionCount } = entry
  if (!isFolded) return [line.text, ...args.map(argumentText)].join(' ')
  let isAfterOption = false
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    const isOption = at + 1 < optionCount && arg === '-o'
    if (isOption) line.appendOnNewLine(`-o ${argumentText(args[++at]!)}`)
    else if (isAfterOption) line.appendOnNewLine(argumentText(arg))
    // postconf(1) asks whether the argument fits without its braces.
    else line.append(argumentText(arg), columnsOf(arg))
    isAfterOption = isOption
  }
  return line.text
}

/** An argument in the form that master.cf has for it: in braces when it needs them (G-39). */
export function argumentText(arg: string): string {
  return arg === '' || arg.startsWith('{') || WHITE_SPACE.test(arg) ? `{${arg}}` : arg
}
