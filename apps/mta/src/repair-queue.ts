import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileErrorText } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'
import type { MailOwner } from '@posthouse/master'
import { nodeQueueTree, type QueueSettings, repairQueue } from '@posthouse/postsuper'

// What a killed process left half-written has no warning: it is removed right after, and counted.
const UNFINISHED = /^warning: bogus file name: incoming\/\d+\.\d+$/

/**
 * Puts the queue in order before mail is taken, as `postfix start` has postsuper(1) do (F-22).
 * Only for who holds the lock of the instance. Looks at each file once: some 2 s for 100,000
 * messages, which is why it comes before the sockets are opened.
 *
 * @param owner Whom the process becomes later: it is that user here already, for a while, so that
 * whoever may write to the queue cannot have root do more than that.
 * @throws {PostsuperError} when something cannot be repaired.
 */
export async function putInOrder(
  settings: QueueSettings,
  owner: MailOwner | undefined,
  log: Logger,
): Promise<void> {
  const say = (line: string): void => {
    if (line.startsWith('warning: ')) {
      if (!UNFINISHED.test(line)) log.warning(line.slice('warning: '.length))
    } else log.info(line)
  }
  if (owner !== undefined) {
    process.setegid?.(owner.groupId)
    process.seteuid?.(owner.userId)
  }
  try {
    await repairQueue(settings, {
      tree: nodeQueueTree,
      now: Date.now,
      reasonOf: fileErrorText,
      say,
      pause: () => nextTurn(),
    })
  } finally {
    if (owner !== undefined) {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
  }
}
