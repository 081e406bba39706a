import { splitOutsideBraces } from './balanced.ts'
import type { MainCf } from './main-cf.ts'
import type { MasterCf, MasterService } from './master-cf.ts'
import { isKnownParameter, parameters, transportParameterRows } from './registry.ts'

// `$$` comes first, so that its second half does not start a reference.
const REFERENCE = /\$\$|\$([A-Za-z0-9_]+)|\$[({][ \t\n\v\f\r]*([A-Za-z0-9_]+)/g
// Tables that take their own parameters from main.cf: `ldap:name` reads `name_server_host`.
const LEGACY_TABLE = /\b(?:ldap|mysql|pgsql|sqlite|memcache):([A-Za-z0-9_]+)/g
const TRANSPORT_COMMANDS = new Set(['local', 'error', 'virtual', 'smtp', 'lmtp', 'pipe'])
const TIME_LIMIT_COMMANDS = new Set(['pipe', 'spawn'])

/**
 * Warns about settings that no program reads and about `$name` without a value (rules G-29 to
 * G-31), as `postconf` does: for people who check their configuration, not for a start (G-29).
 *
 * Unlike `postconf`, the per-transport names of the seven standard transports count as used
 * without a service of that name.
 *
 * @returns texts without the word `warning`, undefined names first.
 */
export function unusedParameters(mainCf: MainCf, masterCf: MasterCf): string[] {
  const usage = new Usage(mainCf, masterCf)
  return [...usage.undefinedNames(), ...usage.unusedSettings()]
}

class Usage {
  readonly #mainCf: MainCf
  readonly #masterCf: MasterCf
  readonly #used = new Set<string>()
  readonly #tablePrefixes = new Set<string>()
  /** Names that an `-o` option sets. */
  readonly #overridden: ReadonlySet<string>

  constructor(mainCf: MainCf, masterCf: MasterCf) {
    this.#mainCf = mainCf
    this.#masterCf = masterCf
    const overrides = masterCf.services.flatMap((service) => service.overrides)
    this.#overridden = new Set(overrides.map(([name]) => name))
    const builtIn = [...mainCf.entries.keys(), ...this.#overridden].filter(isKnownParameter)
    const names = [...builtIn, ...masterCf.services.flatMap(serviceParameters)]
    for (const name of [...names, ...this.#restrictionClasses()]) this.#use(name)
    for (const [, value] of overrides) this.#useReferences(value)
    for (const name of mainCf.entries.keys()) {
      if (this.#isOfTable(name)) this.#use(name)
    }
  }

  undefinedNames(): string[] {
    const settings = [...this.#mainCf.entries.values()]
    const inMain = settings.flatMap(({ value }) => this.#undefined(this.#mainCf.file, value))
    const inMaster = this.#masterCf.services
      .flatMap((service) => service.overrides)
      .flatMap(([, value]) => this.#undefined(this.#masterCf.file, value))
    return [...inMain, ...inMaster]
  }

  unusedSettings(): string[] {
    const inMain = [...this.#mainCf.entries.values()]
      .filter(({ name }) => !this.#used.has(name))
      .map(({ name, value }) => `${this.#mainCf.file}: unused parameter: ${name}=${value}`)
    const inMaster = this.#masterCf.services
      .flatMap((service) => service.overrides)
      .filter(([name]) => !this.#used.has(name))
      .map(([name, value]) => `${this.#masterCf.file}: unused parameter: ${name}=${value}`)
    return [...inMain, ...inMaster]
  }

  #undefined(file: string, value: string): string[] {
    return references(value)
      .filter((name) => !this.#isDefined(name))
      .map((name) => `${file}: undefined parameter: ${name}`)
  }

  #isDefined(name: string): boolean {
    return isKnownParameter(name) || this.#mainCf.entries.has(name) || this.#overridden.has(name)
  }

  #use(name: string): void {
    if (this.#used.has(name)) return
    this.#used.add(name)
    const value = this.#mainCf.entries.get(name)?.value ?? parameters.get(name)?.default ?? ''
    this.#useReferences(value)
  }

  #useReferences(value: string): void {
    for (const [, table] of value.matchAll(LEGACY_TABLE)) this.#tablePrefixes.add(`${table}_`)
    for (const name of references(value)) this.#use(name)
  }

  #isOfTable(name: string): boolean {
    return [...this.#tablePrefixes].some((prefix) => name.startsWith(prefix))
  }

  #restrictionClasses(): string[] {
    const value = this.#mainCf.entries.get('smtpd_restriction_classes')?.value ?? ''
    return splitOutsideBraces(value, ', \t\r\n')
  }
}

/** The per-transport names that a service has (G-32). */
function serviceParameters({ name, command }: MasterService): string[] {
  return [...transportParameterRows.keys()]
    .filter((suffix) => {
      const commands = suffix === 'time_limit' ? TIME_LIMIT_COMMANDS : TRANSPORT_COMMANDS
      return commands.has(command)
    })
    .map((suffix) => `${name}_${suffix}`)
}

function references(value: string): string[] {
  return Array.from(value.matchAll(REFERENCE), ([, plain, bracketed]) => plain ?? bracketed).filter(
    (name) => name !== undefined,
  )
}
