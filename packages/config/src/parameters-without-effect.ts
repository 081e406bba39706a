import type { Config } from './config.ts'
import type { Parameter } from './parameter.ts'
import { referencesIn } from './references.ts'
import { isKnownParameter, parameters, transportParameterRows } from './registry.ts'
import type { Settings } from './settings.ts'

// What a default that is found out at run time depends on (G-20).
const RUN_TIME: Readonly<Record<string, string>> = { mynetworks: '$mynetworks_style' }

/**
 * Names of parameters that the operator has set, to something other than the default, and that
 * change nothing: for one warning at start. Names that nobody knows are not among them, see
 * {@link unusedParameters}.
 *
 * @param configs Of main.cf, and of each service that runs: what one of them has a use for, such
 * as `$mynetworks` in a `-o` option, is not named.
 */
export function parametersWithoutEffect(configs: readonly Config[]): string[] {
  const effective = new Set(configs.flatMap(({ settings }) => [...effectiveNames(settings)]))
  const inert = configs.flatMap(({ settings }) =>
    [...settings.names].filter(
      (name) => hasNoEffect(name) && !effective.has(name) && !isDefault(name, settings),
    ),
  )
  return [...new Set(inert)]
}

function hasNoEffect(name: string): boolean {
  const row = rowOf(name)
  return row === undefined ? isKnownParameter(name) : row.withoutEffect !== undefined
}

function rowOf(name: string): Parameter | undefined {
  const own = parameters.get(name)
  if (own !== undefined) return own
  for (const [suffix, row] of transportParameterRows) if (name.endsWith(`_${suffix}`)) return row
  return undefined
}

/** Names that have an effect, of themselves or because such a name's value refers to them. */
function effectiveNames(settings: Settings): Set<string> {
  const known = [...parameters.keys(), ...settings.names]
  const names = new Set(known.filter((name) => rowOf(name) !== undefined && !hasNoEffect(name)))
  // A set is walked in the order of insertion, what is added on the way included.
  for (const name of names) {
    const value = settings.unexpanded(name) ?? ''
    for (const other of referencesIn(`${value} ${RUN_TIME[name] ?? ''}`)) names.add(other)
  }
  return names
}

function isDefault(name: string, settings: Settings): boolean {
  const expression = rowOf(name)?.default
  if (expression === undefined) return false
  return sameWords(settings.expanded(name), settings.expand(expression))
}

function sameWords(a: string, b: string): boolean {
  return a.split(/[\s,]+/).join(' ') === b.split(/[\s,]+/).join(' ')
}
