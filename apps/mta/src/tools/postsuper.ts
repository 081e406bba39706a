import { existsSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { setImmediate as yieldToSignals } from 'node:timers/promises'
import { type Config, fileErrorText } from '@posthouse/config'
import type { MailLog } from '@posthouse/mail-log'
import { dropPrivileges, lookUpMailOwner } from '@posthouse/master'
import { nodeQueueTree, PostsuperError, runPostsuper } from '@posthouse/postsuper'

import { loadMainConfig, queueDirectoryOf } from '../load-configuration.ts'
import { openLog } from '../open-log.ts'
import { endQuietly } from './quiet-end.ts'
import type { ToolCall } from './tool-call.ts'

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const
const LINE = /^postsuper: (?:(warning|error|fatal): )?(.*)$/

/** postsuper(1). What it says goes to the log as well (F-82). */
export async function postsuper(call: ToolCall): Promise<number> {
  endQuietly(0)
  const checkSignals = signalCheck()
  let mailLog: MailLog | undefined
  const status = await runPostsuper(call.args, {
    isSuperuser: process.getuid?.() === 0,
    tree: nodeQueueTree,
    now: Date.now,
    openQueue: (directory = call.configDirectory) => {
      const config = loadMainConfig(directory)
      mailLog = openAs(config, directory)
      return {
        directory: queueDirectoryOf(config.settings),
        hashQueueNames: config.hash_queue_names,
        hashQueueDepth: config.hash_queue_depth,
        longQueueIds: config.enable_long_queue_ids,
      }
    },
    readInput: () => buffer(process.stdin),
    reasonOf: fileErrorText,
    pause: async () => {
      await yieldToSignals()
      checkSignals()
    },
    stderr: (bytes) => {
      process.stderr.write(bytes)
      const [, severity, text = ''] = LINE.exec(Buffer.from(bytes).toString().trimEnd()) ?? []
      const log = mailLog?.logger('postsuper')
      if (severity === 'warning') log?.warning(text)
      else if (severity === 'error') log?.error(text)
      else if (severity === 'fatal') log?.fatal(text)
      else log?.info(text)
    },
  })
  await mailLog?.close()
  return status
}

/** Takes note of signals. @returns what throws when one has come. */
function signalCheck(): () => void {
  let received: string | undefined
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      received = signal
    })
  }
  return () => {
    if (received !== undefined) throw new PostsuperError(`ended by ${received}`)
  }
}

// Opens the log, and becomes mail_owner: what is made in the queue belongs to the mail system, and
// no more can be done than that (F-23).
function openAs(config: Config, directory: string): MailLog | undefined {
  const { mail_owner, maillog_file } = config
  const owner = mail_owner === '' ? undefined : lookUpMailOwner(mail_owner, `${directory}/main.cf`)
  const isOut = maillog_file === '/dev/stdout' || (maillog_file === '' && !existsSync('/dev/log'))
  const log = isOut ? undefined : openLog(config, owner).mailLog
  if (owner !== undefined) dropPrivileges(owner, process)
  return log
}
