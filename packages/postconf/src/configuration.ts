import {
  ConfigError,
  type Environment,
  expandMacros,
  isBuiltInParameter,
  isRawParameter,
  loadMainCf,
  type MacroLookup,
  type MainCf,
  type MainCfEntry,
  type ParameterUsage,
  parameterUsage,
  readConfigText,
  Settings,
  serviceParameters,
} from '@posthouse/config'
import {
  type MasterEntries,
  type MasterEntry,
  parametersOf,
  parseMasterEntries,
} from './master-entry.ts'
import { otherDefaults } from './other-defaults.ts'

const CONFIG_DIRECTORY = 'config_directory'
// Where only the form of a macro matters: good for a compatibility level, too.
const ANY_VALUE: MacroLookup = () => '0'

/** main.cf and master.cf as postconf(1) looks at them, with no other checks than its own. */
export interface Configuration {
  /** With `config_directory`, and with what `-o` says in place of the file. */
  readonly mainCf: MainCf
  readonly entries: readonly MasterEntry[]
  readonly usage: ParameterUsage
  /** Looks values up: in main.cf, `-o` and defaults. */
  readonly settings: Settings
  /** Texts without the word `warning`, to print first. */
  readonly warnings: readonly string[]
}

/** Where {@link loadConfiguration} reads, and what it changes. */
export interface ConfigurationSource {
  readonly directory: string
  readonly environment: Environment
  readonly overrides: readonly (readonly [name: string, value: string])[]
  /** Defaults are asked for: main.cf does not matter. */
  readonly withoutMainCf: boolean
  /** Whether a missing master.cf is an error, and not just a warning. */
  readonly needsMasterCf: boolean
}

/**
 * Reads both files.
 *
 * @throws {ConfigError} a file that is missing or broken, or a macro that is
 * @throws {PostconfError} `file`
 */
export function loadConfiguration(source: ConfigurationSource): Configuration {
  const { directory, environment, withoutMainCf } = source
  const file = `${directory}/main.cf`
  const needed = source.needsMasterCf ? loadMaster(source) : undefined
  const mainCf = withoutMainCf
    ? { file, entries: new Map<string, MainCfEntry>(), warnings: [] }
    : withOverrides(loadMainCf(directory, environment.readFile), source)
  const master = needed ?? loadMaster(source)
  const services = master.entries.map(serviceOf)
  const usage = parameterUsage(mainCf, { file: `${directory}/master.cf`, services })
  const ofUsage = withoutMainCf ? [] : [...usage.undefinedNames, ...usage.readOnly]
  const warnings = [...mainCf.warnings, ...master.warnings, ...ofUsage]
  const configuration = { mainCf, entries: master.entries, usage, warnings }
  const settings = settingsOf(mainCf, environment)
  const ofMacros = checkMacros({ ...configuration, settings })
  return { ...configuration, settings, warnings: [...warnings, ...ofMacros] }
}

/** What `-o` of a service sets, and what it is that reads it. */
export function serviceOf(entry: MasterEntry): {
  readonly name: string
  readonly command: string
  readonly overrides: readonly (readonly [name: string, value: string])[]
} {
  const { columns } = entry
  return { name: columns[0]!, command: columns.at(-1)!, overrides: [...parametersOf(entry)] }
}

/** Settings as the program of a service has them. */
export function serviceSettings(
  entry: MasterEntry,
  mainCf: MainCf,
  environment: Environment,
): Settings {
  const { name, command, overrides } = serviceOf(entry)
  const own = { ...environment, processName: command, serviceName: name }
  return settingsOf(mainCf, own, overrides)
}

/** Settings over main.cf, with the defaults of all parameters that Postfix has. */
export function settingsOf(
  { file, entries, warnings }: MainCf,
  environment: Environment,
  overrides: readonly (readonly [name: string, value: string])[] = [],
): Settings {
  const defaults = Object.entries(otherDefaults).map(
    ([name, value]) => [name, { name, value, line: 0 }] as const,
  )
  return new Settings({
    mainCf: { file, entries: new Map([...defaults, ...entries]), warnings },
    overrides,
    environment: {
      ...environment,
      configDirectory: entries.get(CONFIG_DIRECTORY)?.value ?? environment.configDirectory,
    },
  })
}

function withOverrides(
  { file, entries, warnings }: MainCf,
  { directory, overrides }: ConfigurationSource,
): MainCf {
  const ofDirectory = { name: CONFIG_DIRECTORY, value: directory, line: 0 }
  const all = new Map<string, MainCfEntry>([[CONFIG_DIRECTORY, ofDirectory], ...entries])
  for (const [name, value] of overrides) all.set(name, { name, value, line: 0 })
  const own = entries.get(CONFIG_DIRECTORY)
  if (own === undefined || own.value === directory) return { file, entries: all, warnings }
  const place = `${file}, line ${own.line}`
  const note = `${place}: overriding earlier entry: ${CONFIG_DIRECTORY}=${directory}`
  return { file, entries: all, warnings: [...warnings, note] }
}

function loadMaster({ directory, environment, needsMasterCf }: ConfigurationSource): MasterEntries {
  const file = `${directory}/master.cf`
  if (needsMasterCf) return parseMasterEntries(readConfigText(file, environment.readFile), file)
  let text: string
  try {
    text = readConfigText(file, environment.readFile)
  } catch (error) {
    if (error instanceof ConfigError) return { entries: [], warnings: [error.message] }
    throw error
  }
  return parseMasterEntries(text, file)
}

/**
 * Reads the macros of every value. A broken one is an error where a program would read the value,
 * by way of others too, and a warning elsewhere (G-14).
 *
 * @returns warnings
 */
function checkMacros({ mainCf, entries, settings, warnings }: Configuration): string[] {
  const notes: string[] = []
  const check = (name: string, value: string, lookup: MacroLookup, isUsed: boolean) => {
    if (isRawParameter(name)) return
    const found = macroWarnings(value, lookup)
    notes.push(...found)
    if (found.length === 0 || !isUsed) return
    const details = { value, warnings: [...warnings, ...notes] }
    throw new ConfigError('macro', 'macro processing error', details)
  }
  const ofServices = new Set(entries.flatMap((entry) => serviceParameters(serviceOf(entry))))
  for (const { name, value } of mainCf.entries.values()) {
    if (!isBuiltInParameter(name) && !ofServices.has(name)) check(name, value, ANY_VALUE, false)
    else check(name, value, (name) => settings.unexpanded(name), true)
  }
  for (const [name, value] of entries.flatMap((entry) => [...parametersOf(entry)])) {
    check(name, value, ANY_VALUE, true)
  }
  return notes
}

function macroWarnings(value: string, lookup: MacroLookup): readonly string[] {
  try {
    expandMacros(value, lookup)
    return []
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'macro') return error.warnings
    throw error
  }
}
