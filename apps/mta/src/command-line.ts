import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import type { ToolCall } from './tools/tool-call.ts'
import { TOOLS } from './tools/tools.ts'

export const COMMANDS = [
  'start-fg',
  'start',
  'stop',
  'quick-stop',
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

type EnvironmentVariables = Readonly<Record<string, string | undefined>>

const BUILT_IN_CONFIG = fileURLToPath(new URL('../conf', import.meta.url))
const TOOL_NAMES = Object.keys(TOOLS)
const USAGE =
  `Usage: posthouse [-c config_dir] ${COMMANDS.join(' | ')}, ` +
  `or posthouse [-c config_dir] ${TOOL_NAMES.join(' | ')} [argument ...]`
const OPTIONS = { config: { type: 'string', short: 'c' } } as const

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
  environment: EnvironmentVariables,
): CommandLine {
  const { values, positionals } = parse(args)
  const [command, ...rest] = positionals
  if (command === undefined || rest.length > 0) throw new UsageError(USAGE)
  if (!isCommand(command)) throw new UsageError(`unknown command: '${command}'. ${USAGE}`)
  return { command, configDirectory: resolve(configDirectory(values.config, environment)) }
}

/**
 * Reads `posthouse [-c config_dir] tool argument ...`, or `tool argument ...` where the program is
 * called by the name of the tool, as by a link; undefined when it is a command.
 *
 * @param calledAs The path by which the program was called.
 * @throws {UsageError}
 */
export function parseToolCommandLine(
  calledAs: string,
  args: readonly string[],
  environment: EnvironmentVariables,
): ToolCall | undefined {
  const name = basename(calledAs)
  if (isTool(name)) return toolCall(name, args, undefined, environment)
  // Not strict: what follows is not known here.
  const lenient = { args: [...args], allowPositionals: true, strict: false, tokens: true } as const
  const { tokens } = parseArgs({ ...lenient, options: OPTIONS })
  const first = tokens.find(({ kind }) => kind === 'positional')
  if (first === undefined || !isTool(args[first.index] ?? '')) return undefined
  const { values } = parse(args.slice(0, first.index))
  return toolCall(args[first.index] ?? '', args.slice(first.index + 1), values.config, environment)
}

function toolCall(
  name: string,
  args: readonly string[],
  config: string | undefined,
  environment: EnvironmentVariables,
): ToolCall {
  return {
    name,
    args,
    configDirectory: configDirectory(config, environment),
    builtInDirectory: BUILT_IN_CONFIG,
  }
}

function configDirectory(given: string | undefined, environment: EnvironmentVariables): string {
  return given ?? environment['MAIL_CONFIG'] ?? BUILT_IN_CONFIG
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

function isTool(text: string): boolean {
  return TOOL_NAMES.includes(text)
}
