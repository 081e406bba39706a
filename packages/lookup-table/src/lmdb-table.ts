import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'

import { LookupTableError } from './errors.ts'
import { foldKey } from './fold-key.ts'
import { LmdbReader } from './lmdb-reader.ts'
import { messageOf, systemErrorText } from './system-error.ts'
import type { LookupTable } from './table.ts'
import { TableText } from './table-text.ts'
import type { TableContext, TableEnvironment } from './table-type.ts'

/** A table in a file that stays open. */
export interface LmdbTable extends LookupTable {
  /** At once. @throws {LookupTableError} `lookup-failed`, also after `close` */
  lookup(key: string): string | undefined
  /** Closes the file. */
  close(): void
}

const REPLACED_CHECK_MS = 1000
const NUL = Buffer.of(0)

/**
 * Opens `lmdb:path`: the file `path.lmdb` as postmap(1) makes it (lmdb_table(5)), to be read only.
 * Lookups see what postmap writes into the file at once, and a file that takes its place under
 * the same name within a second; when that cannot be opened, or there is none, the open file stays
 * in use, with one warning.
 *
 * Keys are folded to lower case (G-53) and looked up as postmap stores them, with a NUL at the end,
 * then without. A value ends at its first NUL.
 *
 * @throws {LookupTableError} `unavailable`: the file cannot be opened, or is not of LMDB 0.9
 */
export function openLmdbTable(name: string, context: TableContext): LmdbTable {
  return new OpenLmdbTable(name, context)
}

interface OpenFile {
  readonly descriptor: number
  readonly identity: string
  readonly reader: LmdbReader
}

class OpenLmdbTable implements LmdbTable {
  readonly kind = 'fixed'
  readonly #item: string
  readonly #path: string
  readonly #text: TableText
  readonly #environment: TableEnvironment
  #file: OpenFile | undefined
  #checkedMs: number
  #modifiedMs: number | undefined
  #refused = '' // What has taken the place of the file, but could not be opened.

  constructor(name: string, { environment }: TableContext) {
    this.#item = `lmdb:${name}`
    this.#path = `${name}.lmdb`
    this.#environment = environment
    this.#text = new TableText(this.#item, environment)
    this.#checkedMs = environment.clock.now()
    this.#file = openFile(this.#path, this.#item)
  }

  lookup(key: string): string | undefined {
    const bytes = this.#text.encodeKey(foldKey(key, this.#environment.smtputf8))
    // A NUL would end the key for Postfix, and the two forms of one key could not be told apart.
    if (bytes === undefined || bytes.includes(0)) return undefined
    const value = this.#read([Buffer.concat([bytes, NUL]), bytes])
    return value && this.#text.decodeValue(key, value)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor)
    this.#file = undefined
  }

  #read(keys: readonly Buffer[]): Buffer | undefined {
    if (this.#file === undefined) throw this.#error('the table is closed')
    try {
      this.#file = this.#followFile(this.#file)
      return this.#file.reader.find(keys)
    } catch (cause) {
      const error = this.#error(`${this.#path}: ${systemErrorText(cause)}`, cause)
      this.#environment.warn(error.message)
      throw error
    }
  }

  /** Where Postfix restarts its processes, the file is opened anew. */
  #followFile(file: OpenFile): OpenFile {
    const nowMs = this.#environment.clock.now()
    if (Math.abs(nowMs - this.#checkedMs) < REPLACED_CHECK_MS) return file
    this.#checkedMs = nowMs
    const found = statOf(this.#path)
    const identity = found === undefined ? 'none' : identityOf(found)
    if (identity === file.identity) {
      // Whoever copies a file over it does not care whether the meta pages differ by chance.
      if (found?.mtimeMs !== this.#modifiedMs) file.reader.forget()
      this.#modifiedMs = found?.mtimeMs
      this.#refused = ''
    } else if (identity !== this.#refused) {
      return this.#replace(file, identity)
    }
    return file
  }

  #replace(old: OpenFile, identity: string): OpenFile {
    try {
      const file = openFile(this.#path, this.#item)
      closeSync(old.descriptor)
      this.#refused = ''
      return file
    } catch (error) {
      this.#refused = identity
      this.#environment.warn(`${messageOf(error)}; ${this.#item} uses the file it had before`)
      return old
    }
  }

  #error(problem: string, cause?: unknown): LookupTableError {
    const item = this.#item
    return new LookupTableError('lookup-failed', {
      item,
      reason: `error reading ${item}: ${problem}`,
      cause,
    })
  }
}

function openFile(path: string, item: string): OpenFile {
  let descriptor: number | undefined
  try {
    const opened = openSync(path, 'r')
    descriptor = opened
    const reader = new LmdbReader((target, position) => readAt(opened, target, position))
    return { descriptor, identity: identityOf(fstatSync(opened)), reader }
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor)
    const reason = `open database ${path}: ${systemErrorText(cause)}`
    throw new LookupTableError('unavailable', { item, reason, cause })
  }
}

function readAt(descriptor: number, target: Buffer, position: number): number {
  if (!Number.isSafeInteger(position)) return 0
  let length = 0
  while (length < target.length) {
    const count = readSync(descriptor, target, length, target.length - length, position + length)
    if (count === 0) break
    length += count
  }
  return length
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined // Opening it will say what is wrong.
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}
