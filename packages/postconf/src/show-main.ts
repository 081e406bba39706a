import {
  expandMacros,
  isBuiltInParameter,
  isRawParameter,
  parameters,
  type Settings,
  serviceParameters,
} from '@posthouse/config'

import type { CommandLine, ParameterClass } from './command-line.ts'
import { type Configuration, serviceOf } from './configuration.ts'
import { otherDefaults } from './other-defaults.ts'

/** A parameter to print. */
export interface NamedValue {
  readonly name: string
  readonly value: string
}

/** What {@link selectParameters} found. */
export interface SelectedParameters {
  readonly parameters: readonly NamedValue[]
  /** Texts without the word `warning`: names that no parameter has. */
  readonly warnings: readonly string[]
}

/**
 * The parameters of main.cf that a command line asks for, with their values or defaults: those of
 * its operands in their order, or all, sorted.
 *
 * @throws {ConfigError} a macro that cannot be expanded
 */
export function selectParameters(
  configuration: Configuration,
  commandLine: Pick<CommandLine, 'show' | 'classes' | 'isExpanded' | 'operands'>,
): SelectedParameters {
  const { show, classes, isExpanded, operands } = commandLine
  const { mainCf, settings } = configuration
  const known = parameterClasses(configuration)
  const warnings = operands
    .filter((name) => !known.has(name))
    .map((name) => `${name}: unknown parameter`)
  const names =
    operands.length > 0
      ? operands.filter((name) => known.has(name))
      : [...known.keys()].filter((name) => classes.has(known.get(name)!)).sort(byCodeUnits)
  const shown = names
    .filter((name) => show !== 'set' || (mainCf.entries.has(name) && !isReadOnly(name)))
    .map((name) => ({ name, value: parameterText(settings, name, isExpanded) }))
  return { parameters: shown, warnings }
}

/** The value of a parameter as written, or expanded. @throws {ConfigError} `macro` */
export function parameterText(settings: Settings, name: string, isExpanded: boolean): string {
  const value = settings.unexpanded(name) ?? ''
  if (!isExpanded || isRawParameter(name)) return value
  return expandMacros(value, (name) => settings.unexpanded(name))
}

function isReadOnly(name: string): boolean {
  const row = parameters.get(name)
  return row?.type === 'string' && row.readOnly === true && name !== 'config_directory'
}

/** Every name that can be shown, and its class. */
function parameterClasses({ mainCf, entries, usage }: Configuration): Map<string, ParameterClass> {
  const classes = new Map<string, ParameterClass>()
  for (const name of mainCf.entries.keys()) {
    if (!usage.unusedInMainCf.has(name)) classes.set(name, 'user')
  }
  for (const entry of entries) {
    for (const name of serviceParameters(serviceOf(entry))) classes.set(name, 'service')
  }
  for (const name of [...parameters.keys(), ...Object.keys(otherDefaults)]) {
    if (isBuiltInParameter(name)) classes.set(name, 'builtin')
  }
  return classes
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
