import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { encodeAddress } from '@posthouse/mail-address'

import { LookupTableError } from '../src/errors.ts'
import { openTable } from '../src/open-table.ts'
import { tableFiles } from '../src/table-file.ts'
import type { TableEnvironment } from '../src/table-type.ts'
import { tableContext } from './table-context.ts'

/** One table of `vectors/tables` and what postmap -q said of some keys. */
export interface TableVector {
  /** `FILE` in it stands for a file with `source` in it. */
  readonly table: string
  readonly source?: string
  /** What was logged with each key that has no `log` of its own. */
  readonly log: readonly string[]
  readonly queries: readonly {
    readonly key: string
    readonly value?: string
    readonly log?: readonly string[]
  }[]
  readonly smtputf8?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** What became of a key. */
export interface Answer {
  readonly key: string
  readonly value: string | undefined
  /** The error of opening the table or of the lookup, or absent. */
  readonly error: string | undefined
  readonly warnings: readonly string[]
}

const NO_CLOCK = { now: () => 0, after: () => () => undefined }
// What postmap itself says of values, and what it makes of an error of the table.
const OF_POSTMAP = /: empty string result is not allowed$| should return NO RESULT in case of /
const QUERY_ERROR = /^table .*: query error(: Application error)?$/s
const LONE_SURROGATE = /\p{Surrogate}/gu
const HINT = /^(unsupported dictionary type: [^;]*); .*$/s

/**
 * The cases of `vectors/tables/NAME.json` whose table is of one of the types; of all when there are
 * none. Bytes that are not UTF-8 are lone surrogates in it.
 */
export function tableVectors(name: string, ...types: readonly string[]): readonly TableVector[] {
  // Not imported: the bundler of the tests takes no lone surrogates.
  const path = join(import.meta.dirname, `../vectors/tables/${name}.json`)
  const { cases }: { cases: readonly TableVector[] } = JSON.parse(readFileSync(path, 'utf8'))
  const isWanted = (table: string) => types.some((type) => table.startsWith(`${type}:`))
  return types.length === 0 ? cases : cases.filter(({ table }) => isWanted(table))
}

/** The cases of a table of patterns, which share their keys. */
export function patternVectors(type: 'regexp' | 'pcre'): TableVector[] {
  const path = join(import.meta.dirname, `../vectors/tables/${type}.json`)
  const { keys, cases }: PatternVectors = JSON.parse(readFileSync(path, 'utf8'))
  return cases.map(({ source, log, answers }) => {
    const values = new Map<number, string>()
    for (const [value, found] of Object.entries(answers)) {
      for (const index of found) values.set(index, value)
    }
    const queries = keys.map((key, index) => {
      const value = values.get(index)
      return value === undefined ? { key } : { key, value }
    })
    return { table: `${type}:FILE`, source, log, queries }
  })
}

interface PatternVectors {
  readonly keys: readonly string[]
  readonly cases: readonly {
    readonly source: string
    readonly log: readonly string[]
    /** Values, each with the indices of the keys that have it. */
    readonly answers: Readonly<Record<string, readonly number[]>>
  }[]
}

/** What the vector has for each key. */
export function recordedAnswers({ queries, log }: TableVector): Answer[] {
  return queries.map(({ key, value, log: own }) => {
    const lines = [...new Set(own ?? log)].filter((line) => !OF_POSTMAP.test(line))
    const fatal = lines.find((line) => line.startsWith('fatal: '))?.slice('fatal: '.length)
    const error = fatal === undefined || !QUERY_ERROR.test(fatal) ? fatal : 'query error'
    const warnings = lines.filter((line) => line.startsWith('warning: '))
    return { key, value, error, warnings: warnings.map((line) => line.slice('warning: '.length)) }
  })
}

/** What our table does with each key, opened anew for each, as postmap does. */
export function ownAnswers(vector: TableVector): Answer[] {
  return vector.queries.map(({ key }) => {
    const warnings: string[] = []
    let error: string | undefined
    let value: string | undefined
    const environment = environmentOf(vector, warnings)
    try {
      const found = openTable(vector.table, environment).lookup(key)
      if (found instanceof Promise) throw new Error('expected an answer at once')
      value = found
    } catch (thrown) {
      if (!(thrown instanceof LookupTableError)) throw thrown
      error = thrown.code === 'lookup-failed' ? 'query error' : withoutHint(shown(thrown.message))
    }
    return { key, value, error, warnings: [...new Set(warnings.map(shown))] }
  })
}

function environmentOf(
  { source = '', smtputf8 = true, env = {} }: TableVector,
  warnings: string[],
): TableEnvironment {
  return {
    ...tableContext(NO_CLOCK, warnings, { smtputf8 }).environment,
    ...tableFiles,
    readFile: (path) => (path === 'FILE' ? encodeAddress(source) : tableFiles.readFile(path)),
    modifiedMs: (path) => (path === 'FILE' ? 0 : tableFiles.modifiedMs(path)),
    variables: env,
  }
}

/** As the logger of Postfix shows it. */
function shown(text: string): string {
  return text.replace(LONE_SURROGATE, '?')
}

/** Ours goes on with what to use instead. */
function withoutHint(message: string): string {
  return message.replace(HINT, '$1')
}
