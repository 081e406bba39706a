import { readFileSync } from 'node:fs'

import { LookupTableError, type LookupTableErrorCode } from './errors.ts'
import { splitItems } from './split-items.ts'
import { fileErrorText, messageOf } from './system-error.ts'
import type { LookupTable, OpenTable } from './table.ts'

/** What a list needs besides its text. */
export interface MatchListOptions {
  /** The main.cf parameter that holds the list; begins every error text. */
  readonly name: string
  /** Opens `type:name` items; without it every such item is an unsupported type. */
  readonly openTable?: OpenTable
  /** Reads the whole file that a `/path` item names; node:fs when absent. May throw. */
  readonly readFile?: (path: string) => string
}

/** One item of a parsed list: files are replaced by what is in them, `!` is worked in. */
export type MatchListItem = LiteralItem | TableItem | BrokenItem

/** A name, domain, address or network, folded to lower case. */
export interface LiteralItem {
  readonly kind: 'literal'
  readonly negated: boolean
  readonly text: string
}

/** A table; any value that it has for the key is a match. */
export interface TableItem {
  readonly kind: 'table'
  readonly negated: boolean
  /** `type:name`, as written. */
  readonly text: string
  readonly table: LookupTable
}

/** An item that nobody can evaluate. Throw `error` when evaluation reaches it, not before. */
export interface BrokenItem {
  readonly kind: 'broken'
  readonly negated: boolean
  readonly error: LookupTableError
}

/** Something to log once, when the list is parsed. */
export interface ListProblem {
  readonly severity: 'error' | 'warning'
  /** In Postfix's words. */
  readonly text: string
}

/** A parsed list. */
export interface MatchList {
  readonly items: readonly MatchListItem[]
  readonly problems: readonly ListProblem[]
}

/** The tables of a list, opened. */
export function tablesOf({ items }: MatchList): LookupTable[] {
  return items.flatMap((item) => (item.kind === 'table' ? [item.table] : []))
}

// Postfix stops when it runs out of file descriptors. These are about files that include
// themselves: once, then depth is the limit; twice, then the number of files is.
const MAX_FILE_DEPTH = 16
const MAX_FILES = 1000

/**
 * Parses a list of patterns: `!item`, `/path`, `type:name`, everything else is a literal. Reads
 * the files and opens the tables; what fails in that becomes a `broken` item and a problem.
 *
 * At most 16 files deep and 1000 files in all; the item beyond is broken.
 *
 * Source: G-24, G-65, Q-308; checked against qmqpd of Postfix 3.7.11.
 * @throws {LookupTableError} `no-pattern`
 */
export function parseMatchList(text: string, options: MatchListOptions): MatchList {
  const parser = new Parser(options)
  parser.parseLine(text, false, 0)
  return { items: parser.items, problems: parser.problems }
}

class Parser {
  readonly items: MatchListItem[] = []
  readonly problems: ListProblem[] = []
  readonly #list: string
  readonly #openTable: OpenTable | undefined
  readonly #readFile: (path: string) => string
  #files = 0

  constructor({ name, openTable, readFile }: MatchListOptions) {
    this.#list = name
    this.#openTable = openTable
    this.#readFile = readFile ?? ((path) => readFileSync(path, 'utf8'))
  }

  parseLine(line: string, negated: boolean, depth: number): void {
    for (const { text, start } of splitItems(line)) {
      if (text.startsWith('#')) {
        const rest = line.slice(start).trimEnd()
        const problem = `${this.#list}: comment at end of line is not supported: ${rest}`
        this.problems.push({ severity: 'warning', text: problem })
        return
      }
      const item = text.replace(/^!+/, '')
      const flips = (text.length - item.length) % 2 === 1
      if (item === '') throw this.#error('no-pattern', text, "no pattern after '!'")
      this.#parseItem(item, negated !== flips, depth)
    }
  }

  #parseItem(text: string, negated: boolean, depth: number): void {
    if (text.startsWith('/')) this.#includeFile(text, negated, depth + 1)
    else if (text.includes(':') && !text.startsWith('[')) this.#addTable(text, negated)
    else this.items.push({ kind: 'literal', negated, text: text.toLowerCase() })
  }

  #includeFile(path: string, negated: boolean, depth: number): void {
    const content = this.#contentOf(path, negated, depth)
    if (content === undefined) return
    for (const line of content.split('\n')) {
      // A line that continues another needs no care: its items are the same on a line of their own.
      if (!line.startsWith('#')) this.parseLine(line, negated, depth)
    }
  }

  #contentOf(path: string, negated: boolean, depth: number): string | undefined {
    const item = `non-existent:${path}`
    if (depth > MAX_FILE_DEPTH || ++this.#files > MAX_FILES) {
      const limit = depth > MAX_FILE_DEPTH ? `${MAX_FILE_DEPTH} files deep` : `${MAX_FILES} files`
      this.#addUnavailable('unavailable', item, `open file ${path}: more than ${limit}`, negated)
      return undefined
    }
    try {
      return this.#readFile(path)
    } catch (error) {
      this.#addUnavailable('unavailable', item, fileErrorText(path, error), negated, error)
      return undefined
    }
  }

  #addTable(text: string, negated: boolean): void {
    const colon = text.indexOf(':')
    const type = text.slice(0, colon)
    const name = text.slice(colon + 1)
    if (type === '' || name === '') {
      const reason = `open dictionary: expecting "type:name" form instead of "${text}"`
      this.problems.push({ severity: 'error', text: reason })
      this.items.push({
        kind: 'broken',
        negated,
        error: this.#error('bad-table-name', text, reason),
      })
      return
    }
    try {
      const table = this.#openTable?.(type, name)
      if (table !== undefined) this.items.push({ kind: 'table', negated, text, table })
      else {
        const reason = `unsupported dictionary type: ${type}`
        this.#addUnavailable('unsupported-table', text, reason, negated)
      }
    } catch (error) {
      const code = error instanceof LookupTableError ? error.code : 'unavailable'
      this.#addUnavailable(code, text, messageOf(error), negated, error)
    }
  }

  // The item behaves as a table that always fails, and Postfix logs it as one (G-51, G-65).
  #addUnavailable(
    code: LookupTableErrorCode,
    item: string,
    reason: string,
    negated: boolean,
    cause?: unknown,
  ): void {
    const list = this.#list
    const warnings = [`${item} is unavailable. ${reason}`, `${list}: ${item}: table lookup problem`]
    const error = new LookupTableError(code, { list, item, reason, warnings, cause })
    this.problems.push({ severity: 'error', text: reason })
    this.items.push({ kind: 'broken', negated, error })
  }

  #error(code: LookupTableErrorCode, item: string, reason: string): LookupTableError {
    return new LookupTableError(code, { list: this.#list, item, reason })
  }
}
