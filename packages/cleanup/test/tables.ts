import { VirtualClock } from '@posthouse/clock'
import { type Later, TableList } from '@posthouse/lookup-table'

import type { CheckTable, ContentChecks } from '../src/index.ts'

/** The tables of a parameter. @param text What every file holds. */
export function tableList(
  name: string,
  reference: string,
  text: string,
  smtputf8 = true,
): TableList {
  return new TableList(reference, {
    name,
    environment: {
      readFile: () => Buffer.from(text, 'latin1'),
      modifiedMs: () => 0,
      variables: {},
      random: () => 0,
      clock: new VirtualClock(0),
      warn: () => undefined,
      smtputf8,
    },
  })
}

/** The same function, but each answer comes in a later turn of the event loop. */
export function answeringLater<T>(lookup: (key: string) => Later<T>): (key: string) => Promise<T> {
  return async (key) => {
    await new Promise(setImmediate)
    return lookup(key)
  }
}

const PARAMETERS = {
  headerChecks: 'header_checks',
  mimeHeaderChecks: 'mime_header_checks',
  nestedHeaderChecks: 'nested_header_checks',
  bodyChecks: 'body_checks',
} as const

/** Lines of regexp tables, or references such as `fail:x`, by parameter. */
export type TestChecks = { readonly [Name in keyof typeof PARAMETERS]?: string }

/** Checks by what is given; those of headers have the default `$header_checks`. */
export function contentChecks(tables: TestChecks, isSlow = false): ContentChecks {
  const { headerChecks } = tables
  const all = headerChecks === undefined ? tables : { ...HEADERS(headerChecks), ...tables }
  const checks: { -readonly [Name in keyof ContentChecks]: CheckTable } = {}
  for (const key of Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[]) {
    const text = all[key]
    if (text === undefined) continue
    const name = PARAMETERS[key]
    const isRules = text.includes('/')
    // Content need not be UTF-8.
    const list = tableList(name, isRules ? 'regexp:/t' : text, text, false)
    const lookup = (one: string) => list.lookup(one)
    checks[key] = { name, lookup: isSlow ? answeringLater(lookup) : lookup }
  }
  return checks
}

const HEADERS = (text: string): TestChecks => ({ mimeHeaderChecks: text, nestedHeaderChecks: text })
