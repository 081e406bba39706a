import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import type { NameParameter } from '../lmtp.ts'
import { findKey } from './domain-keys.ts'
import { parseTlsLogLevel, type TlsLogClasses } from './tls-log.ts'
import type { TlsOptions } from './tls-options.ts'

/** What is told of connections with TLS, to each server (C-152). */
export class TlsLogLevels {
  readonly #options: Pick<TlsOptions, 'logClasses' | 'logLevelMaps'>
  readonly #log: Logger
  readonly #nameOf: NameParameter

  constructor(
    options: Pick<TlsOptions, 'logClasses' | 'logLevelMaps'>,
    log: Logger,
    nameOf: NameParameter,
  ) {
    this.#options = options
    this.#log = log
    this.#nameOf = nameOf
  }

  /** By the name of a server, then by its address. A table that cannot tell changes nothing. */
  classesOf({ name, address }: MailServer): TlsLogClasses | Promise<TlsLogClasses> {
    const { logClasses, logLevelMaps: maps } = this.#options
    return maps === undefined ? logClasses : this.#lookUp(maps, [name, address])
  }

  async #lookUp(
    maps: NonNullable<TlsOptions['logLevelMaps']>,
    keys: readonly string[],
  ): Promise<TlsLogClasses> {
    const { logClasses } = this.#options
    try {
      const value = await findKey(maps, keys)
      const classes = value === undefined ? logClasses : parseTlsLogLevel(value)
      if (classes !== undefined) return classes
      const name = this.#nameOf('smtp_tls_loglevel_maps')
      this.#log.warning(`${name}: unknown log level "${value}" for ${keys.join(' or ')}`)
    } catch {
      // The table has said why, and mail need not wait for a level of detail.
    }
    return logClasses
  }
}
