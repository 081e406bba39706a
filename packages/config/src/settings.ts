import type { Environment } from './environment.ts'
import { ConfigError, type ConfigErrorDetails } from './errors.ts'
import type { ServicePlace } from './inet-service.ts'
import { MacroExpander } from './macro.ts'
import type { MainCf } from './main-cf.ts'
import { type NetworkStyle, ownNetworks } from './own-networks.ts'
import type { Parameter } from './parameter.ts'
import { type ParameterValue, parseParameterValue } from './parameter-value.ts'
import { referencesIn } from './references.ts'
import { parameterRow, parameters } from './registry.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: macros of main.cf look like that.
const MACRO_FORMS = '$name, ${name}, ${name?{text}:{text}}, or $$ for a dollar sign'

// What defaults that are found out at run time depend on (G-20).
const RUN_TIME_REFERENCES: ReadonlyMap<string, readonly string[]> = new Map([
  ['mydomain', ['myhostname']],
  ['myhostname', ['mydomain']],
  ['mynetworks', ['mynetworks_style', 'inet_interfaces', 'inet_protocols']],
])

/** Where the values of parameters come from, the first that has one wins. */
export interface ConfigSource {
  readonly mainCf: MainCf
  /** `-o name=value` of a service in master.cf or of a command; the last of a name wins (G-33). */
  readonly overrides?: readonly (readonly [name: string, value: string])[]
  /** Where the overrides are written, such as the service of master.cf: for errors. */
  readonly overridesAt?: ServicePlace
  readonly environment: Environment
}

/**
 * Looks values up by name: in the overrides, in main.cf, in the registry's defaults, and expands
 * them. Also knows names that the registry does not have, which a `$name` may refer to.
 *
 * Made by {@link resolveConfig}, and good for what the program asks for at run time. On its own it
 * checks nothing but what it is asked for: for who must find a program that runs, whatever was
 * written to main.cf since.
 */
export class Settings {
  readonly #source: ConfigSource
  readonly #overrides: ReadonlyMap<string, string>
  readonly #expander: MacroExpander
  /** Names whose run-time default is being found out. */
  readonly #findingOut = new Set<string>()

  constructor(source: ConfigSource) {
    this.#source = source
    this.#overrides = new Map(source.overrides)
    this.#expander = new MacroExpander((name) => this.unexpanded(name))
  }

  /** The value or default as written. Undefined for a name that nothing sets. */
  unexpanded(name: string): string | undefined {
    const row = parameters.get(name)
    const isReadOnly = row?.type === 'string' && row.readOnly === true
    const set = isReadOnly ? undefined : this.#setValue(name)
    return set ?? this.#runTimeDefault(name) ?? parameterRow(name)?.default
  }

  /** The expanded value; empty for a name that nothing sets. @throws {ConfigError} `macro` */
  expanded(name: string): string {
    return this.located(name, () => this.#expander.value(name))
  }

  /** Expands `$name` in a text that is no parameter's value. @throws {ConfigError} `macro` */
  expand(text: string): string {
    return this.#expander.expand(text)
  }

  /** The value in the type of `row`. @throws {ConfigError} `value` or `macro` */
  parsed(name: string, row: Parameter): ParameterValue {
    const text = this.expanded(name)
    return this.located(name, () =>
      parseParameterValue(name, row, text, () => this.#expander.expand(row.default ?? '')),
    )
  }

  /** An error on a parameter that names file and line. */
  error(
    name: string,
    message: string,
    expected: string,
    warnings: readonly string[] = [],
  ): ConfigError {
    return new ConfigError('value', message, {
      ...this.#placeOfCause(name),
      ...{ parameter: name, value: this.unexpanded(name), expected, warnings },
    })
  }

  /** What `read` returns; an error that it throws gets file and line of the parameter. */
  located<Result>(name: string, read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      // An error of another parameter, which this one's default depends on, says where it is.
      if (error.parameter !== undefined && error.parameter !== name) throw error
      const isMacro = error.code === 'macro'
      throw new ConfigError(
        error.code,
        isMacro ? `dictionary mail_dict: ${error.message}` : error.message,
        {
          ...this.#placeOfCause(name),
          parameter: name,
          value: isMacro ? this.unexpanded(name) : error.value,
          expected: isMacro ? MACRO_FORMS : error.expected,
          warnings: error.warnings,
        },
      )
    }
  }

  /** Names that main.cf and the overrides set, read-only ones too. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#source.mainCf.entries.keys(), ...this.#overrides.keys()])
  }

  /** Names that the value of a parameter refers to, or its default when nothing sets it. */
  references(name: string): readonly string[] {
    const value = this.#setValue(name) ?? parameterRow(name)?.default
    return value === undefined ? (RUN_TIME_REFERENCES.get(name) ?? []) : referencesIn(value)
  }

  /** Path of main.cf, as in messages. */
  get file(): string {
    return this.#source.mainCf.file
  }

  #setValue(name: string): string | undefined {
    return this.#overrides.get(name) ?? this.#source.mainCf.entries.get(name)?.value
  }

  // One that depends on itself, such as mydomain on `myhostname = host.$mydomain`, has no value
  // in there, as in Postfix.
  #runTimeDefault(name: string): string | undefined {
    if (this.#findingOut.has(name)) return undefined
    this.#findingOut.add(name)
    try {
      return this.#findOut(name)
    } finally {
      this.#findingOut.delete(name)
    }
  }

  #findOut(name: string): string | undefined {
    const { environment } = this.#source
    switch (name) {
      case 'myhostname':
        return this.#ownHostname()
      case 'mydomain':
        return parentDomain(this.#expander.value('myhostname'))
      case 'mynetworks':
        return this.#ownNetworks()
      case 'config_directory':
        return environment.configDirectory
      case 'process_id':
        return String(environment.processId)
      case 'process_name':
        return environment.processName
      case 'service_name':
        return environment.serviceName ?? environment.processName
      default:
        return undefined
    }
  }

  // The host name must not depend on a default of mydomain, which depends on the host name.
  #ownHostname(): string {
    const { hostname } = this.#source.environment
    if (hostname.includes('.')) return hostname
    const isSet = this.#setValue('mydomain') !== undefined
    return `${hostname}.${isSet ? this.#expander.value('mydomain') : 'localdomain'}`
  }

  #ownNetworks(): string {
    const words = (name: string) => splitWords(this.#expander.value(name))
    const style = this.#networkStyle()
    return ownNetworks({
      addresses: this.#source.environment.interfaceAddresses,
      style,
      interfaces: words('inet_interfaces'),
      protocols: words('inet_protocols'),
    }).join(' ')
  }

  #networkStyle(): NetworkStyle {
    const name = 'mynetworks_style'
    const text = this.#expander.value(name)
    const [style, ...others] = splitWords(text)
    const expected = 'host, subnet or class'
    if (style !== undefined && style !== 'class' && style !== 'subnet' && style !== 'host') {
      throw this.error(
        name,
        `unknown mynetworks mask style value "${style}" in "${text}"`,
        expected,
      )
    }
    if (style !== undefined && others.length === 0) return style
    throw this.error(name, `bad ${name} value: ${text}; specify exactly one value`, expected)
  }

  /** Where the value of a parameter comes from, which may be others that are set. */
  #placeOfCause(name: string): ConfigErrorDetails {
    const names = new Set([name])
    // A set is walked in the order of insertion, what is added on the way included.
    for (const cause of names) {
      if (this.#setValue(cause) !== undefined) return this.place(cause)
      for (const other of this.references(cause)) names.add(other)
    }
    return this.place(name)
  }

  /** Where a parameter is set: in main.cf, or in what gave the override. */
  place(parameter: string): ConfigErrorDetails {
    if (this.#overrides.has(parameter)) {
      const { file, line } = this.#source.overridesAt ?? {}
      return { parameter, file, line }
    }
    const { file, entries } = this.#source.mainCf
    return { parameter, file, line: entries.get(parameter)?.line }
  }
}

function splitWords(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

function parentDomain(hostname: string): string {
  const dot = hostname.indexOf('.')
  return dot < 0 ? 'localdomain' : hostname.slice(dot + 1)
}
