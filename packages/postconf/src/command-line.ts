import { parseAssignment } from '@posthouse/config'

import { usageError } from './errors.ts'
import { checkCombination } from './option-combinations.ts'

/** What the command is about: one of these options, `p` when there is none. */
export type Mode = 'a' | 'A' | 'b' | 'F' | 'l' | 'm' | 'M' | 'p' | 'P' | 't' | 'T'

/** A class of parameters (`-C`). */
export type ParameterClass = 'builtin' | 'service' | 'user'

/** What to do to the files; undefined: only show. */
export type EditAction = 'set' | 'remove' | 'comment-out'

/** The command line of postconf(1), understood and checked. */
export interface CommandLine {
  readonly mode: Mode
  readonly edit: EditAction | undefined
  /** `-c`; undefined when it is not there. */
  readonly configDirectory: string | undefined
  /** `-d`: defaults; `-n`: what main.cf sets. */
  readonly show: 'defaults' | 'set' | 'all'
  readonly classes: ReadonlySet<ParameterClass>
  /** `-f` */
  readonly isFolded: boolean
  /** `-h`: no names; `-H`: no values. */
  readonly parts: 'both' | 'names' | 'values'
  /** `-x` */
  readonly isExpanded: boolean
  /** `-j` */
  readonly isJson: boolean
  /** `-v` */
  readonly isVerbose: boolean
  /** `-o`, in order. */
  readonly overrides: readonly (readonly [name: string, value: string])[]
  /** Argument of `-T`. */
  readonly tlsMode: string
  readonly operands: readonly string[]
}

const MODES: readonly Mode[] = ['a', 'A', 'b', 'F', 'l', 'm', 'M', 'p', 'P', 't', 'T']
const EDITABLE: readonly Mode[] = ['p', 'M', 'F', 'P']
const WITH_ARGUMENT = 'cCoT'
const FLAGS = 'aAbdefFhHjlmMnpPtvxX#'
const CLASSES: readonly ParameterClass[] = ['builtin', 'service', 'user']

const USAGE =
  'usage: postconf [-a (server SASL types)] [-A (client SASL types)] [-b (bounce templates)] ' +
  '[-c config_dir] [-C param_class] [-d (parameter defaults)] [-e (edit configuration)] ' +
  '[-f (fold lines)] [-F (master.cf fields)] [-h (no names)] [-H (no values)] [-j (JSON)] ' +
  '[-l (lock types)] [-m (map types)] [-M (master.cf)] [-n (non-default parameters)] ' +
  '[-o name=value (override parameter value)] [-p (main.cf, default)] ' +
  '[-P (master.cf parameters)] [-t (bounce templates)] ' +
  '[-T compile-version|run-version|public-key-algorithms] [-v (verbose)] ' +
  '[-x (expand parameter values)] [-X (exclude)] [-# (comment-out)] [name...]'

/**
 * Reads the arguments of postconf(1). Options end at the first argument that is none, as POSIX has
 * it. A first operand with `=` means `-e`.
 *
 * @throws {PostconfError} `usage`
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { flags, values, operands } = splitOptions(args)
  const mode = MODES.find((one) => flags.has(one)) ?? 'p'
  if (EDITABLE.includes(mode) && operands[0]?.includes('=') === true) flags.add('e')
  if (values.some(([option]) => option === 'o')) flags.add('o')
  checkCombination(flags, mode)
  const last = (wanted: string) => values.findLast(([option]) => option === wanted)?.[1]
  const edit = editAction(flags)
  if (edit !== undefined && operands.length === 0) {
    throw usageError(
      edit === 'set' ? '-e requires name=value argument' : 'missing service argument',
    )
  }
  return {
    mode,
    edit,
    configDirectory: last('c'),
    show: flags.has('d') ? 'defaults' : flags.has('n') ? 'set' : 'all',
    classes: parameterClasses(last('C') ?? 'all'),
    isFolded: flags.has('f'),
    parts: flags.has('h') ? 'values' : flags.has('H') ? 'names' : 'both',
    isExpanded: flags.has('x'),
    isJson: flags.has('j'),
    isVerbose: flags.has('v'),
    overrides: values.filter(([option]) => option === 'o').map(([, text]) => override(text)),
    tlsMode: last('T') ?? '',
    operands,
  }
}

interface SplitOptions {
  readonly flags: Set<string>
  readonly values: readonly (readonly [option: string, argument: string])[]
  readonly operands: readonly string[]
}

function splitOptions(args: readonly string[]): SplitOptions {
  const flags = new Set<string>()
  const values: [string, string][] = []
  let at = 0
  for (; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '--') return { flags, values, operands: args.slice(at + 1) }
    if (!arg.startsWith('-') || arg === '-') break
    for (let char = 1; char < arg.length; char++) {
      const option = arg[char]!
      if (WITH_ARGUMENT.includes(option)) {
        const argument = arg.slice(char + 1) || args[++at]
        if (argument === undefined) {
          throw usageError(USAGE, `option requires an argument -- '${option}'`)
        }
        values.push([option, argument])
        if (option === 'T') flags.add(option)
        break
      }
      if (!FLAGS.includes(option)) throw usageError(USAGE, `invalid option -- '${option}'`)
      flags.add(option)
    }
  }
  return { flags, values, operands: args.slice(at) }
}

function editAction(flags: ReadonlySet<string>): EditAction | undefined {
  if (flags.has('e')) return 'set'
  if (flags.has('X')) return 'remove'
  return flags.has('#') ? 'comment-out' : undefined
}

function parameterClasses(text: string): ReadonlySet<ParameterClass> {
  const classes = new Set<ParameterClass>()
  for (const word of text.split(/[,\s]+/).filter((word) => word !== '')) {
    if (word === 'all') for (const name of CLASSES) classes.add(name)
    else {
      const known = CLASSES.find((name) => name === word)
      if (known === undefined) throw usageError(`unknown -C option value "${word}" in "${text}"`)
      classes.add(known)
    }
  }
  return classes
}

function override(text: string): readonly [name: string, value: string] {
  const parsed = parseAssignment(text)
  if (typeof parsed !== 'string') return parsed
  throw usageError(`invalid parameter override: ${text}: ${parsed}`)
}
