import { buffer } from 'node:stream/consumers'
import { setImmediate as yieldToSignals } from 'node:timers/promises'
import { fileErrorText, type Settings } from '@posthouse/config'
import { dropPrivileges, lookUpMailOwner } from '@posthouse/master'
import { nodeQueueTree, PostsuperError, runPostsuper } from '@posthouse/postsuper'

import { hashingOf, parsedValue, settingsOf } from './queue-settings.ts'
import { endQuietly } from './quiet-end.ts'
import type { ToolCall } from './tools.ts'

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** postsuper(1). */
export function postsuper(call: ToolCall): Promise<number> {
  endQuietly(0)
  let received: string | undefined
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      received = signal
    })
  }
  return runPostsuper(call.args, {
    isSuperuser: process.getuid?.() === 0,
    tree: nodeQueueTree,
    now: Date.now,
    openQueue: (configDirectory) => {
      const settings = settingsOf(call, configDirectory)
      becomeOwner(settings, configDirectory ?? call.configDirectory)
      const longQueueIds = parsedValue(settings, 'enable_long_queue_ids') === true
      return { ...hashingOf(settings), longQueueIds }
    },
    readInput: () => buffer(process.stdin),
    reasonOf: fileErrorText,
    pause: async () => {
      await yieldToSignals()
      if (received !== undefined) throw new PostsuperError(`ended by ${received}`)
    },
    stderr: (bytes) => process.stderr.write(bytes),
  })
}

// What it makes belongs to the mail system, and it can do no more than that (F-23).
function becomeOwner(settings: Settings, directory: string): void {
  const name = settings.expanded('mail_owner')
  if (name !== '') dropPrivileges(lookUpMailOwner(name, `${directory}/main.cf`), process)
}
