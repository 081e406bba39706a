import { readFileSync } from 'node:fs'
import type { Config, ParameterName } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'

import { clientServices } from './client-services.ts'
import type { Configuration } from './load-configuration.ts'
import { TLS_FILE_PARAMETERS } from './options/tls-files.ts'

// Of the SMTP client, which may have secrets that are nobody's business but root's.
const TABLES: readonly ParameterName[] = ['smtp_sasl_password_maps', 'smtp_tls_policy_maps']
const SUFFIXES = ['', '.lmdb', '.cdb']

/**
 * Files that the program can read at its start, and maybe not when it has given up its privileges:
 * keys and passwords. What was read is there for a reload.
 */
export class KeptFiles {
  readonly #contents = new Map<string, Buffer>()
  /** Those that were handed out instead of what is there. */
  readonly #used = new Set<string>()
  readonly #log: Logger

  constructor(paths: Iterable<string>, log: Logger) {
    this.#log = log
    for (const path of paths) {
      try {
        this.#contents.set(path, readFileSync(path))
      } catch (error) {
        // Whoever needs it will say so.
        if (!isSystemError(error)) throw error
      }
    }
  }

  /** The content of a file; of one that is out of reach by now, as it was at the start. */
  readonly read = (path: string): Buffer => {
    try {
      return readFileSync(path)
    } catch (error) {
      const kept = this.#contents.get(path)
      if (kept === undefined || !isSystemError(error) || error.code !== 'EACCES') throw error
      if (this.#used.has(path)) {
        this.#log.warning(`${path}: only root can read it: in use as it was at the start`)
      }
      this.#used.add(path)
      return kept
    }
  }
}

/** Keeps the files of the SMTP clients. */
export function keptFiles(configuration: Configuration, log: Logger): KeptFiles {
  const clients = clientServices(configuration)
  return new KeptFiles(new Set(clients.flatMap(({ config }) => filesOf(config))), log)
}

function filesOf(config: Config): string[] {
  const files = TLS_FILE_PARAMETERS.flatMap((name) => config[name])
    .map(String)
    .flatMap((text) => text.split(/[\s,]+/))
  const tables = TABLES.flatMap((name) => config[name]).map(String)
  const paths = tables.map((table) => table.slice(table.indexOf(':') + 1))
  const ofTables = paths.flatMap((path) => SUFFIXES.map((suffix) => path + suffix))
  return [...files, ...ofTables].filter((path) => path.startsWith('/'))
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}
