import type { Config } from './config.ts'
import { type ReasonWithoutEffect, reasonsWithoutEffect } from './reasons-without-effect.ts'
import { isKnownParameter, parameterRow, parameters } from './registry.ts'
import type { Settings } from './settings.ts'

/**
 * Warns of what the operator has set, to something other than the default, and what changes
 * nothing: one text for each reason. Names that nobody knows are not among them, see
 * {@link unusedParameters}.
 *
 * @param configs Of main.cf, and of each service that runs: what one of them has a use for, such
 * as `$mynetworks` in a `-o` option, is not named.
 * @returns texts without the word `warning`, such as
 * `/etc/postfix/main.cf: no effect (there is no SMTP server): smtpd_banner`.
 */
export function parametersWithoutEffect(configs: readonly Config[]): string[] {
  const effective = new Set(configs.flatMap(({ settings }) => [...effectiveNames(settings)]))
  const subjects = new Map<string, Set<string>>() // By the beginning of the text.
  for (const { settings } of configs) {
    for (const name of settings.names) {
      const found = inertName(name, settings)
      if (found === undefined || effective.has(found.subject)) continue
      const file = settings.place(name).file ?? settings.file
      const heading = `${file}: no effect (${reasonsWithoutEffect[found.reason]})`
      subjects.set(heading, (subjects.get(heading) ?? new Set()).add(found.subject))
    }
  }
  return [...subjects].map(([heading, names]) => `${heading}: ${[...names].join(', ')}`)
}

interface Inert {
  readonly subject: string
  readonly reason: ReasonWithoutEffect
}

function inertName(name: string, settings: Settings): Inert | undefined {
  const reason = reasonFor(name)
  return reason === undefined || isDefault(name, settings) ? undefined : { subject: name, reason }
}

/** Why a name has no effect, whatever its value. */
function reasonFor(name: string): ReasonWithoutEffect | undefined {
  const row = parameterRow(name)
  if (row === undefined) return isKnownParameter(name) ? 'services' : undefined
  return row.withoutEffect
}

/** Names that have an effect, of themselves or because such a name's value refers to them. */
function effectiveNames(settings: Settings): Set<string> {
  const known = [...parameters.keys(), ...settings.names]
  const names = new Set(
    known.filter((name) => parameterRow(name) !== undefined && reasonFor(name) === undefined),
  )
  // A set is walked in the order of insertion, what is added on the way included.
  for (const name of names) {
    for (const other of settings.references(name)) names.add(other)
  }
  return names
}

function isDefault(name: string, settings: Settings): boolean {
  const expression = parameterRow(name)?.default
  if (expression === undefined) return false
  return sameWords(settings.expanded(name), settings.expand(expression))
}

function sameWords(a: string, b: string): boolean {
  return a.split(/[\s,]+/).join(' ') === b.split(/[\s,]+/).join(' ')
}
