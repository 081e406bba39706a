import { splitOutsideBraces } from './balanced.ts'
import { ConfigError } from './errors.ts'
import { isOfTable, legacyTables } from './legacy-table.ts'
import { expandMacros } from './macro.ts'
import type { MainCf } from './main-cf.ts'
import type { MasterService } from './master-cf.ts'
import { referencesIn } from './references.ts'
import {
  isBuiltInParameter,
  isRawParameter,
  parameters,
  transportParameterRows,
} from './registry.ts'

const TRANSPORT_COMMANDS = new Set(['local', 'error', 'virtual', 'smtp', 'lmtp', 'pipe'])
const TIME_LIMIT_COMMANDS = new Set(['pipe', 'spawn'])
const CLASSES = 'smtpd_restriction_classes'

/**
 * Warns about settings that no program reads, about `$name` without a value and about names that
 * cannot be set (rules G-20, G-29 to G-31), as `postconf` does: for people who check their
 * configuration, not for a start (G-29).
 *
 * @returns texts without the word `warning`.
 */
export function unusedParameters(mainCf: MainCf, masterCf: UsedServices): string[] {
  const usage = parameterUsage(mainCf, masterCf)
  const { undefinedNames, unusedInMainCf, unusedInMasterCf, readOnly } = usage
  return [...undefinedNames, ...unusedInMainCf.values(), ...unusedInMasterCf, ...readOnly]
}

/** What the question which parameters are used needs to know of master.cf. */
export interface UsedServices {
  /** Path, for messages. */
  readonly file: string
  readonly services: readonly Pick<MasterService, 'name' | 'command' | 'overrides'>[]
}

/** The warnings of {@link unusedParameters} by their kind, without the word `warning`. */
export interface ParameterUsage {
  readonly undefinedNames: readonly string[]
  /** By the name that main.cf sets and nothing reads. */
  readonly unusedInMainCf: ReadonlyMap<string, string>
  readonly unusedInMasterCf: readonly string[]
  readonly readOnly: readonly string[]
}

/** Finds out what the settings of both files are used for (rules G-20, G-29 to G-31). */
export function parameterUsage(mainCf: MainCf, masterCf: UsedServices): ParameterUsage {
  return new Usage(mainCf, masterCf).usage()
}

/** The per-transport names that a service has (G-32). */
export function serviceParameters({
  name,
  command,
}: Pick<MasterService, 'name' | 'command'>): string[] {
  return [...transportParameterRows.keys()]
    .filter((suffix) => {
      const commands = suffix === 'time_limit' ? TIME_LIMIT_COMMANDS : TRANSPORT_COMMANDS
      return commands.has(command)
    })
    .map((suffix) => `${name}_${suffix}`)
}

/** Settings that belong together: main.cf, or the `-o` options of one service over it. */
interface Scope {
  readonly file: string
  readonly settings: ReadonlyMap<string, string>
  readonly readOnly: readonly (readonly [name: string, value: string])[]
  /** Names that the values refer to, as often as they do. */
  readonly references: readonly string[]
}

class Usage {
  readonly #main: Scope
  readonly #services: readonly Scope[]
  /** Per-transport names that the services have. */
  readonly #ofServices: ReadonlySet<string>

  constructor(mainCf: MainCf, masterCf: UsedServices) {
    const entries = [...mainCf.entries.values()].map(({ name, value }) => [name, value] as const)
    this.#main = scope(mainCf.file, entries)
    this.#services = masterCf.services
      .filter(({ overrides }) => overrides.length > 0)
      .map(({ overrides }) => scope(masterCf.file, overrides))
    this.#ofServices = new Set(masterCf.services.flatMap(serviceParameters))
  }

  // A service sees main.cf through its own options: they hide names, and give others a use.
  usage(): ParameterUsage {
    const usedInMain = new Set([...this.#main.references, ...this.#special(this.#main)])
    const unusedInMasterCf: string[] = []
    for (const service of this.#services) {
      const used = new Set([...service.references, ...this.#special(service)])
      for (const name of used) if (!service.settings.has(name)) usedInMain.add(name)
      for (const name of this.#main.references) used.add(name)
      unusedInMasterCf.push(...this.#unused(service, used).values())
    }
    const scopes = [this.#main, ...this.#services]
    return {
      undefinedNames: [...this.#services, this.#main].flatMap((own) => this.#undefinedNames(own)),
      unusedInMainCf: this.#unused(this.#main, usedInMain),
      unusedInMasterCf,
      readOnly: scopes.flatMap(readOnlySettings),
    }
  }

  #unused({ file, settings }: Scope, used: ReadonlySet<string>): Map<string, string> {
    return new Map(
      [...settings]
        .filter(([name]) => !used.has(name) && !this.#isKnown(name))
        .map(([name, value]) => [name, `${file}: unused parameter: ${name}=${value}`]),
    )
  }

  /** Names that are used without a `$`: restriction classes, and parameters of legacy tables. */
  #special(own: Scope): string[] {
    const names = new Set([...this.#main.settings.keys(), ...own.settings.keys()])
    const tables = [...names]
      .filter((name) => this.#isKnown(name))
      .flatMap((name) => legacyTables(this.#expanded(name, own)))
    const ofTables = [...names].filter((name) => tables.some((table) => isOfTable(name, table)))
    return [...this.#restrictionClasses(own), ...ofTables]
  }

  #restrictionClasses(own: Scope): string[] {
    return splitOutsideBraces(this.#expanded(CLASSES, own), ', \t\r\n')
  }

  #expanded(name: string, own: Scope): string {
    const lookUp = (name: string) => own.settings.get(name) ?? this.#main.settings.get(name)
    try {
      return expandMacros(lookUp(name) ?? '', lookUp)
    } catch (error) {
      if (error instanceof ConfigError) return '' // It is reported when the value is read.
      throw error
    }
  }

  #undefinedNames(own: Scope): string[] {
    const classes = own.settings.has(CLASSES) ? this.#restrictionClasses(own) : []
    return [...own.references, ...classes]
      .filter((name) => !this.#isDefined(name, own))
      .map((name) => `${own.file}: undefined parameter: ${name}`)
  }

  // What main.cf refers to may be given by the options of any service.
  #isDefined(name: string, own: Scope): boolean {
    if (this.#isKnown(name) || own.settings.has(name) || this.#main.settings.has(name)) return true
    return own === this.#main && this.#services.some(({ settings }) => settings.has(name))
  }

  #isKnown(name: string): boolean {
    return isBuiltInParameter(name) || this.#ofServices.has(name)
  }
}

function scope(file: string, pairs: readonly (readonly [string, string])[]): Scope {
  const all = [...new Map(pairs)]
  const settings = new Map(all.filter(([name]) => !isReadOnly(name)))
  const readOnly = all.filter(([name]) => isReadOnly(name))
  const references = [...settings].flatMap(([name, value]) =>
    isRawParameter(name) ? [] : referencesIn(value),
  )
  return { file, settings, readOnly, references }
}

function readOnlySettings({ file, readOnly }: Scope): string[] {
  return readOnly.map(
    ([name, value]) => `${file}: read-only parameter assignment: ${name}=${value}`,
  )
}

// `config_directory` may be set, to no avail.
function isReadOnly(name: string): boolean {
  const row = parameters.get(name)
  return row?.type === 'string' && row.readOnly === true && name !== 'config_directory'
}
