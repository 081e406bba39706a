import { type Environment, expandMacros, type MainCf } from '@posthouse/config'

import type { CommandLine } from './command-line.ts'
import { serviceSettings } from './configuration.ts'
import { usageError } from './errors.ts'
import { FIELDS, type Field, type MasterEntry, parametersOf } from './master-entry.ts'
import {
  identityOf,
  isAnyName,
  matchesName,
  matchesService,
  parseServicePattern,
  type ServicePattern,
} from './service-pattern.ts'

/** What {@link selectServices} and its like found, and what was asked for in vain. */
export interface Selected<Item> {
  readonly items: readonly Item[]
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/** A field (`-F`) or a parameter (`-P`) of a service. */
export interface ServiceValue {
  readonly entry: MasterEntry
  readonly name: string
  readonly value: string
}

type Operands = Pick<CommandLine, 'operands'>

/** `-M`: the services that the operands name, in the order of master.cf. */
export function selectServices(
  entries: readonly MasterEntry[],
  { operands }: Operands,
): Selected<MasterEntry> {
  const patterns = patternsOf(operands, 2, '-M option requires service_name[/type]')
  return select(entries, patterns, (entry) => [entry])
}

/** `-F`: fields; the value of `command` is left to the printer. */
export function selectFields(
  entries: readonly MasterEntry[],
  { operands }: Operands,
): Selected<{ readonly entry: MasterEntry; readonly field: Field }> {
  const patterns = patternsOf(operands, 3, '-F option requires service_name[/type[/field]]')
  for (const pattern of patterns) checkFieldName(pattern)
  return select(entries, patterns, (entry, pattern) =>
    FIELDS.filter((field) => matchesName(pattern, field)).map((field) => ({ entry, field })),
  )
}

/** `-P`: the `-o` parameters of services, sorted within a service. */
export function selectServiceParameters(
  entries: readonly MasterEntry[],
  { operands }: Operands,
): Selected<ServiceValue> {
  const patterns = patternsOf(operands, 3, '-P option requires service_name[/type[/parameter]]')
  return select(entries, patterns, (entry, pattern) =>
    [...parametersOf(entry)]
      .filter(([name]) => matchesName(pattern, name))
      .map(([name, value]) => ({ entry, name, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  )
}

/** @throws {PostconfError} `usage`: no field has that name. */
export function checkFieldName(pattern: ServicePattern): void {
  if (isAnyName(pattern) || FIELDS.some((field) => field === pattern.name)) return
  throw usageError(`invalid service attribute name: "${pattern.name}"`)
}

/**
 * `-x`: the entry with the values of its `-o` expanded, as its program sees them.
 *
 * @throws {ConfigError} `macro`
 */
export function expandEntry(
  entry: MasterEntry,
  mainCf: MainCf,
  environment: Environment,
): MasterEntry {
  const settings = serviceSettings(entry, mainCf, environment)
  const expand = (text: string) => expandMacros(text, (name) => settings.unexpanded(name))
  const args = entry.args.map((arg, at) =>
    at > 0 && at < entry.optionCount && entry.args[at - 1] === '-o' ? expand(arg) : arg,
  )
  return { ...entry, args }
}

function patternsOf(operands: readonly string[], maxParts: 2 | 3, usage: string): ServicePattern[] {
  const texts = operands.length === 0 ? ['*'] : operands
  return texts.map((text) => parseServicePattern(text, maxParts, usage))
}

function select<Item>(
  entries: readonly MasterEntry[],
  patterns: readonly ServicePattern[],
  itemsOf: (entry: MasterEntry, pattern: ServicePattern) => readonly Item[],
): Selected<Item> {
  const unmatched = new Set(patterns)
  const items: Item[] = []
  for (const entry of entries) {
    for (const pattern of patterns) {
      if (!matchesService(pattern, ...identityOf(entry))) continue
      const found = itemsOf(entry, pattern)
      if (found.length > 0) unmatched.delete(pattern)
      items.push(...found)
    }
  }
  const inVain = [...unmatched].filter(({ text }) => text !== '*')
  return { items, warnings: inVain.map(({ text }) => `unmatched request: "${text}"`) }
}
