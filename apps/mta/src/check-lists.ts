import { readFileSync } from 'node:fs'
import type { Logger } from '@posthouse/mail-log'
import { programOf } from '@posthouse/master'

import { clientServices } from './client-services.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { clientMatcher } from './match-lists.ts'
import { addressMappingOptions } from './options/address-mapping-options.ts'
import { headerFromFormat } from './options/header-from-format.ts'
import { mxLookupOptions } from './options/mx-lookup-options.ts'
import { noticeOptions } from './options/notice-options.ts'
import { smtpClientOptions } from './options/smtp-client-options.ts'
import { openResolver } from './resolver.ts'
import { Tables } from './tables.ts'

/**
 * Reads all lists and opens their tables, as a start or a reload would, and closes them again; the
 * bounce templates, too.
 *
 * @param log Is told of files and tables that cannot be opened.
 * @throws {ConfigError} One of them cannot be used.
 */
export function checkLists(configuration: Configuration, log: Logger): void {
  const tables = new Tables()
  try {
    openResolver(configuration, log, tables, () => true)
    const cleanup = { config: configOfProgram(configuration, 'cleanup'), log }
    addressMappingOptions(cleanup, configuration.own.withProxies, tables)
    noticeOptions({ config: configOfProgram(configuration, 'bounce'), log }, String)
    for (const service of configuration.services) {
      const user = { config: configuration.configOf(service), log }
      const program = programOf(service)
      if (program === 'qmqpd') clientMatcher('qmqpd_authorized_clients', user, tables)
    }
    const { own, queueDirectory } = configuration
    for (const client of clientServices(configuration)) {
      mxLookupOptions({ ...client, log }, own.withProxies, tables)
      headerFromFormat(client.config)
      const places = { queueDirectory, ownAddresses: own.addresses }
      smtpClientOptions({ ...client, log }, tables, places, readFileSync)
    }
  } finally {
    tables.close()
  }
}
