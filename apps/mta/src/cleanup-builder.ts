import { rewriteAddress, rewriteExternalAddress } from '@posthouse/address-resolver'
import { formatStatusLogEntry } from '@posthouse/bounce'
import {
  type AddressMappingOptions,
  Cleanup,
  type CleanupPorts,
  type ExpandedRecipient,
  localZoneNames,
} from '@posthouse/cleanup'
import type { Config } from '@posthouse/config'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { addressMappingOptions } from './options/address-mapping-options.ts'
import {
  cleanupOptions,
  type InternalMailClass,
  internalCleanupOptions,
} from './options/cleanup-options.ts'
import { contentChecks } from './options/content-checks.ts'
import { rewriteRules } from './options/resolver-options.ts'
import { programLog } from './service-log.ts'
import type { SharedParts } from './shared-parts.ts'
import type { Tables } from './tables.ts'

export interface Cleanups {
  /** For mail of a class that a server takes. */
  readonly for: (server: Config, mailClass: 'qmqpd' | 'sendmail' | undefined) => Cleanup
  /** For mail that the mail system makes. */
  readonly internal: (mailClass: InternalMailClass) => Cleanup
}

/** Gives each server a cleanup of its own, all with the same tables. */
export function cleanupBuilder(
  configuration: Configuration,
  { mailLog, store }: Pick<SharedParts, 'mailLog' | 'store'>,
  tables: Tables,
): Cleanups {
  const config = configOfProgram(configuration, 'cleanup')
  const rules = rewriteRules(config)
  const log = programLog(configuration, 'cleanup', mailLog)
  const ports: CleanupPorts = {
    store,
    queue: 'active', // `queued` hands it to the queue manager.
    rewrite: (address) => rewriteAddress(address, rules),
    rewriteExternal: (address) => rewriteExternalAddress(address, rules),
    log,
    formatExpanded: (recipients) => expandedEntries(recipients, configuration.config),
    zoneName: localZoneNames(),
  }
  const own = configuration.own.withProxies
  const mapping = addressMappingOptions({ config, log }, own, tables)
  const checks = contentChecks({ config, log }, tables)
  return {
    for: (server, mailClass) =>
      new Cleanup(cleanupOptions(config, server, mailClass), ports, mapping, checks),
    internal: (mailClass) =>
      new Cleanup(internalCleanupOptions(config, mailClass), ports, withoutCopies(mapping), checks),
  }
}

/** F-43, as cleanup(8) has the trace service record it. */
function expandedEntries(recipients: readonly ExpandedRecipient[], config: Config): string {
  const options = {
    compatibilityLine: config.backwards_bounce_logfile_compatibility,
    smtputf8: config.smtputf8_enable,
  }
  const entries = recipients.map(({ address, original, dsnOriginal, notify }) => ({
    recipient: address,
    originalRecipient: original,
    dsnOriginal,
    notify,
    status: '2.0.0',
    action: 'expanded',
    reason: 'alias expanded',
  }))
  return entries.map((entry) => formatStatusLogEntry(entry, options)).join('')
}

/** Nobody gets a copy of mail that the mail system made (postconf(5), `always_bcc`). */
function withoutCopies(
  mapping: AddressMappingOptions | undefined,
): AddressMappingOptions | undefined {
  if (mapping === undefined) return undefined
  const { senderBcc: _sender, recipientBcc: _recipient, ...rest } = mapping
  return rest
}
