import { readFileSync, statSync } from 'node:fs'

import { decodeAddress } from '@posthouse/mail-address'

import { LookupTableError } from './errors.ts'
import { systemErrorText } from './system-error.ts'
import type { TableEnvironment } from './table-type.ts'

/** The part of a `TableEnvironment` that node:fs fulfils. */
export const tableFiles: Pick<TableEnvironment, 'readFile' | 'modifiedMs'> = {
  readFile: (path) => readFileSync(path),
  modifiedMs: (path) => statSync(path).mtimeMs,
}

/** The text of a file, as it was when the table was opened. */
export interface TableFile {
  /** Bytes that are not UTF-8 are lone surrogates. */
  readonly text: string
  /** Whether the file is another one by now, or gone: G-52. */
  hasChanged(): boolean
}

/**
 * Reads the source of a table.
 *
 * @param item The table, `type:name`.
 * @param describe The text of the error, from what it was that failed and why.
 * @throws {LookupTableError} `unavailable`
 */
export function readTableFile(
  path: string,
  item: string,
  environment: TableEnvironment,
  describe: (failed: 'open' | 'read', why: string) => string,
): TableFile {
  try {
    // The time first: a change between the two is then noticed, if a little late.
    const modifiedMs = environment.modifiedMs(path)
    const text = decodeAddress(environment.readFile(path))
    return { text, hasChanged: () => modifiedMsNow(path, environment) !== modifiedMs }
  } catch (cause) {
    const failed = cause instanceof Error && 'code' in cause && cause.code === 'EISDIR'
    const reason = describe(failed ? 'read' : 'open', systemErrorText(cause))
    throw new LookupTableError('unavailable', { item, reason, cause })
  }
}

function modifiedMsNow(path: string, { modifiedMs }: TableEnvironment): number | undefined {
  try {
    return modifiedMs(path)
  } catch {
    return undefined // Gone, which is a change. What is wrong shows when it is opened again.
  }
}
