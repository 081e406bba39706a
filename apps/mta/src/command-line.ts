import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const COMMANDS = [
  'start-fg',
  'start',
  'stop',
  'reload',
  'flush',
  'status',
  'check',
  'logrotate',
] as const
export type Command = (typeof COMMANDS)[number]

export interface CommandLine {
  readonly command: Command
  /** Absolute path of the directory with main.cf and master.cf. */
  readonly configDirectory: string
}

const BUILT_IN_CONFIG = fileURLToPath(new URL('../conf', import.meta.url))
const USAGE = `Usage: posthouse [-c config_dir] ${COMMANDS.join(' | ')} | postconf [option ...]`
const OPTIONS = { config: { type: 'string', short: 'c' } } as const

/** `posthouse postconf`, whose options are its own. */
export interface PostconfCommandLine {
  /** What follows `postconf`. */
  readonly args: readonly string[]
  /** As given: the output names it. */
  readonly configDirectory: string
  readonly builtInDirectory: string
}

/** The command line cannot be understood; `message` says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads `posthouse [-c config_dir] command`. Without `-c` the directory is `MAIL_CONFIG` of the
 * environment, or the built-in one (G-1).
 *
 * @throws {UsageError}
 */
export function parseCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const { values, positionals } = parse(args)
  const [command, ...rest] = positionals
  if (command === undefined || rest.length > 0) throw new UsageError(USAGE)
  if (!isCommand(command)) throw new UsageError(`unknown command: '${command}'. ${USAGE}`)
  const directory = values.config ?? environment['MAIL_CONFIG'] ?? BUILT_IN_CONFIG
  return { command, configDirectory: resolve(directory) }
}

/**
 * Reads `posthouse [-c config_dir] postconf argument ...`; undefined when the command is another.
 */
export function parsePostconfCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): PostconfCommandLine | undefined {
  // Not strict: what follows is not known here.
  const lenient = { args: [...args], allowPositionals: true, strict: false, tokens: true } as const
  const { tokens } = parseArgs({ ...lenient, options: OPTIONS })
  const command = tokens.find(({ kind }) => kind === 'positional')
  if (command === undefined || args[command.index] !== 'postconf') return undefined
  const { values } = parse(args.slice(0, command.index))
  return {
    args: args.slice(command.index + 1),
    configDirectory: values.config ?? environment['MAIL_CONFIG'] ?? BUILT_IN_CONFIG,
    builtInDirectory: BUILT_IN_CONFIG,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}. ${USAGE}`)
  }
}

function isCommand(text: string): text is Command {
  return (COMMANDS as readonly string[]).includes(text)
}
