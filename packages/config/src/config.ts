import { decodeAddress } from '@posthouse/mail-address'

import type { ReadFile } from './environment.ts'
import { fileErrorText } from './file-error.ts'
import { parseKnownTcpPorts } from './known-tcp-ports.ts'
import { CASELESS, checkCompatibilityLevel, checkParameters } from './parameter-checks.ts'
import type { ParameterValue } from './parameter-value.ts'
import { type ParameterValues, parameters } from './registry.ts'
import { type ConfigSource, Settings } from './settings.ts'
import { trimWhiteSpace } from './white-space.ts'

/**
 * Every parameter by its main.cf name, complete and checked: `config.smtp_connect_timeout` is a
 * number of milliseconds, `config.relay_domains` a list of words, `config.soft_bounce` a boolean,
 * sizes and counts are numbers. Only the program that composes the packages reads it.
 */
export type Config = ParameterValues & {
  /** For what is asked for by a name that is not known before run time. */
  readonly settings: Settings
  /** Texts without the word `warning`; those of reading main.cf are with its entries. */
  readonly warnings: readonly string[]
}

const A_DOMAIN = 'a domain, or the path of a file whose first line has one'

/**
 * Resolves every parameter: overrides, main.cf, defaults, macros, types, limits and checks (rules
 * G-10 to G-22, G-26, G-33). A bad value is an error even when nothing would use it (G-15).
 *
 * @throws {ConfigError} `value` or `macro`
 */
export function resolveConfig(source: ConfigSource): Config {
  const settings = new Settings(source)
  checkCompatibilityLevel(settings)
  const values: Record<string, ParameterValue> = {}
  // Those that are set come first, so that what a bad value leads to does not hide it.
  for (const name of new Set([...settings.names, ...parameters.keys()])) {
    const row = parameters.get(name)
    if (row !== undefined) values[name] = settings.parsed(name, row)
  }
  // The registry has a row for every name of the type, and `parsed` returns what its row says.
  const resolved = values as ParameterValues
  checkParameters(resolved, settings, source.environment.accounts)
  for (const name of CASELESS) values[name] = settings.expanded(name).toLowerCase()
  const { warnings } = parseKnownTcpPorts(settings.expanded('known_tcp_ports'))
  return {
    ...resolved,
    myorigin: originName(resolved.myorigin, source, settings),
    settings,
    warnings,
  }
}

// In other values `$myorigin` remains the path, as in Postfix.
function originName(myorigin: string, { environment }: ConfigSource, settings: Settings): string {
  if (!myorigin.startsWith('/')) return myorigin
  const firstLine = decodeAddress(readOrigin(myorigin, environment.readFile, settings)).split(
    '\n',
  )[0]
  const name = trimWhiteSpace(firstLine ?? '')
  if (name !== '') return name
  throw settings.error('myorigin', `myorigin file ${myorigin} is empty`, A_DOMAIN)
}

function readOrigin(path: string, readFile: ReadFile, settings: Settings): Uint8Array {
  try {
    return readFile(path)
  } catch (error) {
    const message = `${path}: cannot open file: ${fileErrorText(error)}`
    throw settings.error('myorigin', message, A_DOMAIN)
  }
}
