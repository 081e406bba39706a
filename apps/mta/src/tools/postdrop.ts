import type { Config } from '@posthouse/config'
import { type Later, LookupTableError } from '@posthouse/lookup-table'
import type { Logger } from '@posthouse/mail-log'
import {
  matchesSenderPatterns,
  nodeMaildropFiles,
  PostdropError,
  type PostdropSystem,
  runPostdrop,
} from '@posthouse/postdrop'

import { loadMainConfig, queueDirectoryOf } from '../load-configuration.ts'
import { systemAccounts } from '../system-accounts.ts'
import { tableList } from '../table-lists.ts'
import { Tables } from '../tables.ts'
import { triggerService } from '../trigger-service.ts'
import { MessageInput } from './message-input.ts'
import { trustedDirectory } from './set-gid.ts'
import { stderrLog } from './stderr-log.ts'
import type { ToolCall } from './tool-call.ts'

const LOGIN_SENDERS = 'local_login_sender_maps'

/** postdrop(1), for those who may write to the maildrop directory: see `setgid` for others. */
export function postdrop(call: ToolCall): Promise<number> {
  const input = new MessageInput((text) => new PostdropError(text))
  input.heedSignals()
  return runPostdrop(call.args, {
    input,
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
    open: (directory) => {
      const config = loadMainConfig(trustedDirectory(call, directory))
      return postdropSystem(config, stderrLog('postdrop'))
    },
  })
}

/** Puts messages into the maildrop directory of this configuration, as this user. */
export function postdropSystem(config: Config, log: Logger): Omit<PostdropSystem, 'warn'> {
  const queueDirectory = queueDirectoryOf(config.settings)
  const userId = process.getuid?.() ?? 0
  return {
    queueDirectory,
    longQueueIds: config.enable_long_queue_ids,
    maxFileBytes: config.message_size_limit,
    processId: process.pid,
    files: nodeMaildropFiles,
    nowMs: () => performance.timeOrigin + performance.now(),
    lineLengthLimit: config.line_length_limit,
    userId,
    mayUseSender: senderCheck(config, log, userId),
    triggerPickup: () => triggerService(queueDirectory, config.pickup_service_name, 'W'),
  }
}

/** Asks `local_login_sender_maps`, which nearly everywhere allow all. */
function senderCheck(
  config: Config,
  log: Logger,
  userId: number,
): (sender: string) => Later<boolean> {
  const { recipient_delimiter: recipientDelimiter } = config
  return async (sender) => {
    const tables = new Tables()
    try {
      const login = systemAccounts().userById(userId)?.name ?? `uid:${userId}`
      const patterns = await tableList(LOGIN_SENDERS, { config, log }, tables).lookup(login)
      return matchesSenderPatterns(patterns ?? '', sender, { recipientDelimiter })
    } catch (error) {
      if (!(error instanceof LookupTableError)) throw error
      for (const warning of error.warnings) log.warning(warning)
      throw new PostdropError(error.message)
    } finally {
      tables.close()
    }
  }
}
