import { parseStatusLog } from '@posthouse/bounce'
import { systemClock as clock } from '@posthouse/clock'
import type { Config } from '@posthouse/config'
import type { ListingOptions, ListingPorts } from '@posthouse/postqueue'
import { nodeFileSystem } from '@posthouse/queue-store'

import { queueDirectoryOf } from './load-configuration.ts'

/** What a listing needs to know of the queue. @throws {ConfigError} */
export function listingOptions(config: Config): ListingOptions {
  return {
    directory: queueDirectoryOf(config.settings),
    hashQueueNames: config.hash_queue_names,
    hashQueueDepth: config.hash_queue_depth,
    smtputf8: config.smtputf8_enable,
    duplicateFilterLimit: config.duplicate_filter_limit,
    emptyAddressRecipient: config.empty_address_recipient,
  }
}

/** What a listing needs of the machine, warnings aside. */
export function listingPorts(): Omit<ListingPorts, 'warn'> {
  return {
    files: nodeFileSystem(() => clock.now()),
    now: () => clock.now(),
    parseStatusLog,
  }
}
