import { formatStatusLogEntry } from '@posthouse/bounce'
import type { CleanupResult } from '@posthouse/cleanup'
import type { Config } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'
import type { QueueStore } from '@posthouse/queue-store'

/** Writes down that aliases were expanded, for the report at the end of the attempt (F-43). */
export function expansionReporter(
  store: QueueStore,
  config: Config,
  log: Logger,
): (result: CleanupResult) => Promise<void> {
  const options = {
    compatibilityLine: config.backwards_bounce_logfile_compatibility,
    smtputf8: config.smtputf8_enable,
  }
  return async (result) => {
    if (!('expanded' in result) || result.expanded === undefined) return
    const { id } = result.envelope
    const entries = result.expanded.map(({ address, original, dsnOriginal = '', notify = 0 }) =>
      formatStatusLogEntry(
        {
          ...{ recipient: address, originalRecipient: original, dsnOriginal, notify },
          ...{ status: '2.0.0', action: 'expanded', reason: 'alias expanded' },
        },
        options,
      ),
    )
    try {
      await store.appendStatusLog('trace', id, entries.join(''))
    } catch (error) {
      // What is acknowledged is delivered, reported or not.
      const reason = error instanceof Error ? error.message : String(error)
      log.warning(`${id}: trace service failure: ${reason}`, { queueId: id, reason })
    }
  }
}
