import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

import { parametersDocument } from '../scripts/parameters-document.ts'
import { parameters, reasonsWithoutEffect, transportParameterRows } from './index.ts'

const DOCUMENT = new URL('../../../docs/parameters.md', import.meta.url)

it('docs/parameters.md is what the registry gives: npm run document', () => {
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(parametersDocument())
})

it('G-168: the document has each parameter once, with what becomes of it', () => {
  const rows = parametersDocument().matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)
  const effects = [...rows].map(([, name, effect]) => [name, effect] as const)
  expect(new Set(effects.map(([name]) => name)).size).toBe(effects.length)
  const names = [...parameters.keys()].filter((name) => !isPerTransport(name))
  const templates = [...transportParameterRows.keys()].map((suffix) => `transport_${suffix}`)
  expect(effects.map(([name]) => name).toSorted()).toEqual([...names, ...templates].toSorted())
  const known = /^(takes effect|read-only|refused unless .+|no effect: .+)$/
  expect(effects.filter(([, effect]) => !known.test(effect ?? ''))).toEqual([])
})

it('each reason is that of some parameter', () => {
  const rows = [...parameters.values(), ...transportParameterRows.values()]
  const used = new Set(rows.map(({ withoutEffect }) => withoutEffect))
  const reasons = Object.keys(reasonsWithoutEffect)
  const unused = reasons.filter((reason) => ![...used].some((word) => word === reason))
  expect(unused).toEqual(['services']) // Of names that have no row.
})

function isPerTransport(name: string): boolean {
  const [, suffix = ''] = /^(?:smtp|lmtp|relay|local|virtual|error|retry)_(.+)$/.exec(name) ?? []
  return [...transportParameterRows.keys()].some((known) => known === suffix)
}
